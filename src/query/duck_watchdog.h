#pragma once

#include <duckdb.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/stop.h"

namespace cryptostream {

// Interrupts connections whose time is over: DuckDB has no statement timeout of its own.
class Watchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;
  Watchdog();
  void Watch(duckdb_connection connection, Time deadline);
  // Returns true when the connection was interrupted.
  bool Release(duckdb_connection connection);

 private:
  void Run(StopToken stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<duckdb_connection, Time> deadlines_;
  std::jthread thread_;
};

}  // namespace cryptostream
