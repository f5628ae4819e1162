#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "verify/table_log.h"

namespace cryptostream {

// Mends what stands in for the commits of a log and can be made anew from them: checkpoints and checksums that cannot be read or
// contradict the commits are set aside (renamed, ".unusable" at the end), and _last_checkpoint is written for the newest good checkpoint.
// Commits and data files are never touched. Requires: the lake's lock. Out: what was done, a line each.
// Errors: Corrupt (the commits themselves are damaged: nothing is done), Unavailable.
Result<std::vector<std::string>> RepairLog(const TableLayout& layout, const std::filesystem::path& table_root);

// RepairLog for every table of a lake, under its lock. Errors: Conflict (a process is writing it), NotFound (no lake), as RepairLog.
Result<std::vector<std::string>> RepairLake(const std::filesystem::path& root);

}  // namespace cryptostream
