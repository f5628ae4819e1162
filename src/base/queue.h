#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/stop.h"

namespace cryptostream {

struct EachWeighsOne {
  template <class T>
  std::size_t operator()(const T&) const {
    return 1;
  }
};

// A bounded queue between threads: the producer waits when it is full, so that back-pressure reaches the source. Full is when its items
// weigh `capacity` or more. Closing lets consumers take what is left and then see the end. Thread-safe.
template <class T, class Weight = EachWeighsOne>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room. Returns false (and drops `item`) when stopped or closed.
  bool Push(T item, StopToken stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return closed_ || weight_ < capacity_; });
    if (closed_ || weight_ >= capacity_) return false;
    weight_ += Weight()(item);
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // Adds without waiting; false when full or closed.
  bool TryPush(T item) {
    std::lock_guard lock(mutex_);
    if (closed_ || weight_ >= capacity_) return false;
    weight_ += Weight()(item);
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // Waits up to `timeout` for an item; nullopt on time-out, stop, or when closed and empty.
  std::optional<T> Pop(StopToken stop, std::chrono::nanoseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, timeout, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    weight_ -= Weight()(item);
    changed_.notify_all();
    return item;
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  void Clear() {
    std::lock_guard lock(mutex_);
    items_.clear();
    weight_ = 0;
    changed_.notify_all();
  }

  // True when closed and everything has been taken.
  bool Done() const {
    std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }
  std::size_t Size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<T> items_;
  std::size_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace cryptostream
