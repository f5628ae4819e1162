#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/stop.h"
#include "serve/event_board.h"

namespace cryptostream {

class ServerState;

// Renders what event streams send, on a thread of its own: the board of the lake that is served, and the status. At most ten
// rounds a second, none while nobody watches; `wake` is called after each. Thread-safe.
class EventRenderer {
 public:
  EventRenderer(const ServerState& state, std::function<void()> wake);
  ~EventRenderer();

  // The board of the lake that is served now, kept while somebody holds it. Poke after watching something new on it.
  std::shared_ptr<EventBoard> Board();

  struct StatusEvent {
    EventBoard::Bytes bytes;     // null before the first round
    std::uint64_t revision = 0;  // of the server's state
  };
  StatusEvent status() const;

  // Something changed. Cheap, may be called often.
  void Poke();
  void Stop();

 private:
  void Run(StopToken stop);
  bool Round();
  void RenderStatusEvent();

  const ServerState& state_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool poked_ = false;
  std::weak_ptr<EventBoard> board_;
  StatusEvent status_;
  std::chrono::steady_clock::time_point status_at_{};
  std::jthread thread_;
};

}  // namespace cryptostream
