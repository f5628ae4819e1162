// The thread between the live memory and the event streams. In: pokes, whenever something changed. Out: a board and a status
// that are up to date, and then one call for all clients to look. The I/O thread only picks up bytes; so the cost of a
// change does not grow with the number of clients, and nothing is rendered while nobody watches.
#include "serve/event_renderer.h"

#include <exception>

#include "base/log.h"
#include "base/threads.h"
#include "serve/render.h"
#include "serve/state.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kRoundGap{100};
constexpr std::chrono::seconds kStatusEvery{5};

}  // namespace

EventRenderer::EventRenderer(const ServerState& state, std::function<void()> wake)
    : state_(state), wake_(std::move(wake)), thread_([this](StopToken stop) {
        NameThread("events");
        Run(stop);
      }) {}

EventRenderer::~EventRenderer() { Stop(); }

void EventRenderer::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void EventRenderer::Poke() {
  std::lock_guard lock(mutex_);
  if (board_.expired()) return;
  poked_ = true;
  changed_.notify_all();
}

std::shared_ptr<EventBoard> EventRenderer::Board() {
  auto backend = state_.backend();
  std::lock_guard lock(mutex_);
  auto board = board_.lock();
  if (!board || board->backend() != backend) {
    board = std::make_shared<EventBoard>(std::move(backend));
    board_ = board;
  }
  return board;
}

EventRenderer::StatusEvent EventRenderer::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void EventRenderer::Run(StopToken stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return poked_; });
      poked_ = false;
    }
    if (stop.stop_requested()) return;
    const auto begin = std::chrono::steady_clock::now();
    try {
      if (Round()) wake_();
    } catch (const std::exception& error) {
      LogError("cannot render events, trying again: reason={}", error.what());
    }
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, begin + kRoundGap, [] { return false; });
  }
}

// Out: whether anybody watches.
bool EventRenderer::Round() {
  std::shared_ptr<EventBoard> board;
  {
    std::lock_guard lock(mutex_);
    board = board_.lock();
  }
  if (!board) return false;
  board->Refresh();
  RenderStatusEvent();
  return true;
}

// At once when a source or the lake changes its state, else now and then beside other news.
void EventRenderer::RenderStatusEvent() {
  const std::uint64_t revision = state_.revision();
  const auto now = std::chrono::steady_clock::now();
  if (status_.bytes && revision == status_.revision && now - status_at_ < kStatusEvery) return;
  auto bytes = std::make_shared<std::string>();
  AppendEvent(*bytes, "status", RenderStatus(state_));
  status_at_ = now;
  std::lock_guard lock(mutex_);
  status_ = {std::move(bytes), revision};
}

}  // namespace cryptostream
