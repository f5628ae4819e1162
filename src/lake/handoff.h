#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "base/stop.h"
#include "delta/snapshot.h"

namespace cryptostream {

// The way of committed batches from one stage to the next in memory. Only a shortcut: a batch that is not taken, or is not the next
// in line, is dropped, and the next stage reads the table instead. Bounded; the giver waits for room, which is the back-pressure
// of a fast replay, unless the taker is in trouble. Thread-safe.
template <class Batch>
class Handoff {
 public:
  struct Item {
    Version version = kNoVersion;
    Batch batch;
  };
  explicit Handoff(std::size_t capacity) : capacity_(capacity) {}

  void Give(Version version, Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return bypass_ || items_.size() < capacity_; });
    if (!bypass_) items_.push_back({version, std::move(batch)});
    changed_.notify_all();
  }

  std::optional<Item> Take(StopToken stop, std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, timeout, [&] { return woken_ || !items_.empty(); });
    woken_ = false;
    if (items_.empty()) return std::nullopt;
    Item item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  // Ends the taker's wait, or its next one, without an item: there is something else to do.
  void Wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }

  // While set nothing is kept and nobody waits.
  void SetBypass(bool bypass) {
    std::lock_guard lock(mutex_);
    bypass_ = bypass;
    if (bypass) items_.clear();
    changed_.notify_all();
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Item> items_;
  bool bypass_ = false;
  bool woken_ = false;
};

}  // namespace cryptostream
