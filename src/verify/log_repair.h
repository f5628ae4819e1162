#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "verify/table_log.h"

namespace cryptostream {

struct Repaired {
  std::vector<std::string> done;  // what was done, a line each
  std::vector<std::string> left;  // what a person has to decide or to put back
};

// Mends what stands in for the commits of a log and can be made anew from them: checkpoints and checksums
// that cannot be read or contradict the commits are set aside (renamed, ".unusable" at the end), and
// _last_checkpoint is written for the newest good checkpoint. So is a file that is newer than the last
// commit, if no other table has read past that. Commits and data files are never touched. Requires: the
// lake's lock. Errors: Corrupt (the commits themselves are damaged: nothing is done), Unavailable.
Result<Repaired> RepairLog(const TableLayout& layout, const std::filesystem::path& lake_root);

// RepairLog for every table of a lake, under its lock; a table that cannot be mended is `left` and holds up
// no other. Errors: Conflict (a process is writing it), NotFound (no lake), Unavailable.
Result<Repaired> RepairLake(const std::filesystem::path& root);

}  // namespace cryptostream
