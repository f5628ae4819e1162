#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/result.h"

namespace cryptostream {

// Saves a follower of a table from listing a log in which nothing happened, for the price of one stat: a commit makes a file, and so
// changes its folder's time of modification. Whenever that does not tell (a network file system, a change too young for the clock's
// steps, a clock that was set back), and every half minute, it looks. Used by one thread.
class LogWatch {
 public:
  explicit LogWatch(std::filesystem::path log_folder) : folder_(std::move(log_folder)) {}

  // Runs `look` unless nothing can have come since it last succeeded. Errors: those of `look`.
  Status Look(const std::function<Status()>& look);

 private:
  const std::filesystem::path folder_;
  std::optional<std::filesystem::file_time_type> seen_;  // the folder's time, where it told enough
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace cryptostream
