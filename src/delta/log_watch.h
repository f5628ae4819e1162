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
  explicit LogWatch(std::filesystem::path log_folder);
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  // Runs `look` unless nothing can have come since it last succeeded. Errors: those of `look`.
  Status Look(const std::function<Status()>& look);
  // Whether the folder is gone, or another one stands in its place: the table was removed, and perhaps made anew. A newer version of such a
  // log must not be laid over what was read of the one before.
  bool IsReplaced() const;

 private:
  const std::filesystem::path folder_;
  const int held_;  // the folder as it was found: while it is open no other one gets its inode; -1 where that is not to be had
  std::optional<std::filesystem::file_time_type> seen_;  // the folder's time, where it told enough
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace cryptostream
