#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/queue.h"
#include "lake/bronze.h"
#include "lake/lake.h"
#include "lake/silver.h"
#include "lake/stage.h"
#include "lake/window_engine.h"

namespace cryptostream {

// Who wants to know what the engine does, while it does it. Called on the engine's threads; must not block, where
// nothing else is said.
struct EngineHooks {
  // A live batch came in: its ticks, before they are durable.
  std::function<void(std::uint64_t batch, std::vector<Tick> ticks)> provisional;
  // Batches up to this one are durable in this version of bronze.
  std::function<void(std::uint64_t through, Version version)> bronze_committed;
  // A stage committed to its table.
  std::function<void()> committed;
  // A stage ended for good.
  std::function<void(const Error&)> fatal;
  // Takes the rejected messages of `dead_letter_topic`. May block: bronze and silver wait for it.
  DeadLetterBox dead_letters;
  std::string dead_letter_topic;
};

// Messages of one source that were taken, or offered, and are in no table.
struct Unwritten {
  std::string source;
  std::string position_id;
  std::size_t rows = 0;                  // with those that were refused and did not reach quarantine
  std::optional<Timestamp> first, last;  // when they were received
};

// bronze -> silver -> what is made of it (window_engine.h), over one lake, a thread each. Life: the constructor starts the stages, Stop (or the destructor) lets
// them finish what they hold, first bronze, then silver, and so on. Push and Drain are thread-safe.
class Engine {
 public:
  Engine(Lake& lake, const Clock& clock, EngineHooks hooks);
  ~Engine();

  // The next offset or sequence number that bronze expects of a position id, 0 for a new one. Errors: as of the table.
  Result<std::int64_t> Position(const std::string& position_id);
  // Takes a batch; waits while bronze is behind. False when `stop` was requested or the engine has ended.
  bool Push(RawBatch batch, StopToken stop);
  // Waits until everything pushed is worked in by all tables, and closes all windows if asked. Errors: Cancelled; the fatal error of a stage.
  Status Drain(bool close_windows, StopToken stop);
  void Stop();
  // What a stop left behind because bronze could not be written. Requires: Stop() was called.
  const std::vector<Unwritten>& unwritten() const { return unwritten_; }

  WindowEngine& windows() { return windows_; }

  // Empty while all stages work, else the first one's trouble, in words.
  std::string trouble() const;
  std::optional<Error> fatal() const;

 private:
  void Fatal(const Error& error);
  void NoteUnwritten();

  Lake& lake_;
  const EngineHooks hooks_;
  IncomingQueue input_{8 * RawBatch::kFullRows};
  BronzeHandoff to_silver_{2};
  SilverHandoff to_gold_{2};
  BronzeStage bronze_;
  SilverStage silver_;
  mutable std::mutex mutex_;
  std::optional<Error> fatal_;  // guarded by mutex_
  MessageParser parser_;        // guarded by push_mutex_
  std::mutex push_mutex_;
  std::vector<RawBatchPtr> not_taken_;  // guarded by push_mutex_
  std::vector<Unwritten> unwritten_;    // once stopped
  std::atomic<std::uint64_t> pushed_{0}, committed_{0};
  // Last: their threads use everything above.
  WindowEngine windows_;
  Stage bronze_stage_, silver_stage_;
};

}  // namespace cryptostream
