#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delta/snapshot.h"

namespace cryptostream {

// The files of a table's log as they lie in its folder, by version.
struct LogFiles {
  std::filesystem::path folder;
  std::map<Version, std::vector<std::string>>
      by_version;                          // names: commit, checksum, checkpoint (in the order in which they may go)
  std::vector<Version> commits;            // ascending
  std::vector<Version> checkpoints;        // ascending, complete ones only
  std::vector<std::string> staged;         // "...json#1": what a writer that crashed left behind
  std::optional<Version> last_checkpoint;  // what _last_checkpoint names
};

// Lists `_delta_log` of a table on this machine. Errors: NotFound, Unavailable.
Result<LogFiles> ListLogFiles(const std::string& root_path);

// The version and kind of a name in the log's folder; nullopt for what is no part of the protocol.
struct LogFileName {
  Version version = kNoVersion;
  enum class Kind { kCommit, kChecksum, kCheckpoint } kind = Kind::kCommit;
  int part = 1, parts = 1;  // of a checkpoint
};
std::optional<LogFileName> ParseLogFileName(std::string_view name);

}  // namespace cryptostream
