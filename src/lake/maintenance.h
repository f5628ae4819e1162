#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace cryptostream {

// How a lake is kept small (`[maintenance]` in the configuration). Durations of zero in `retain`: rows are kept for ever.
struct MaintenanceOptions {
  bool enabled = true;                                        // in the running process; the commands work either way
  std::chrono::milliseconds compact_every{10'000};            // between looks for small files
  std::chrono::milliseconds clean_every{600'000};             // between clean-ups of logs and files
  int compact_files = 14;                                     // so many files of about one size become one
  std::int64_t target_bytes = 128 << 20;                      // a file of this size is left alone
  std::int64_t memory_bytes = 64 << 20;                       // about what one compaction may hold
  std::chrono::milliseconds closed_after{900'000};            // a partition without new files for so long is compacted further
  std::chrono::milliseconds log_retention{48 * 3'600'000LL};  // old versions stay readable for so long
  std::chrono::milliseconds file_retention{6 * 3'600'000LL};  // removed files stay for so long: the longest query
  std::map<std::string, std::chrono::milliseconds> retain;    // table name -> age at which whole days are dropped
};

}  // namespace cryptostream
