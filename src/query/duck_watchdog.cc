// A thread that sleeps until the earliest deadline. In: connections and when their time is over. Out: each is interrupted then, unless it was
// released before.
#include "query/duck_watchdog.h"

#include <algorithm>

namespace cryptostream {

Watchdog::Watchdog() : thread_([this](StopToken stop) { Run(stop); }) {}

void Watchdog::Watch(duckdb_connection connection, Time deadline) {
  std::lock_guard lock(mutex_);
  deadlines_[connection] = deadline;
  changed_.notify_all();
}

bool Watchdog::Release(duckdb_connection connection) {
  std::lock_guard lock(mutex_);
  return deadlines_.erase(connection) == 0;
}

void Watchdog::Run(StopToken stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    Time now = std::chrono::steady_clock::now();
    Time next = now + std::chrono::hours(1);
    for (auto it = deadlines_.begin(); it != deadlines_.end();) {
      if (it->second <= now) {
        duckdb_interrupt(it->first);
        it = deadlines_.erase(it);
      } else {
        next = std::min(next, it->second);
        ++it;
      }
    }
    std::size_t known = deadlines_.size();
    changed_.wait_until(lock, stop, next, [&] { return deadlines_.size() != known; });
  }
}

}  // namespace cryptostream
