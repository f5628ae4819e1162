#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"

namespace cryptostream {

// What lies in a table's _delta_log, by version.
struct LogListing {
  std::set<Version> commits;
  std::map<Version, std::vector<std::string>> checkpoints;  // classic ones that are complete: file names of their parts
  std::set<Version> checksums;
  std::map<Version, std::vector<std::string>> others;  // what other writers leave there: parts of a checkpoint, compacted commits
  bool has_hint = false;                               // _last_checkpoint
  bool empty() const { return commits.empty() && checkpoints.empty() && checksums.empty() && others.empty() && !has_hint; }
  // The last version: that of the last commit; of the newest checkpoint in a log that was cleaned up to it.
  // kNoVersion: neither.
  Version Last() const;
  // The names of files that are newer than the last version.
  std::vector<std::string> NewerThanLast() const;
  // The first commit that lacks between the first and the last one; kNoVersion where there is none.
  Version Hole() const;
};

// Lists a log. While somebody writes, a listing may have a file without the one that was made before it: then
// it is made again. Errors: NotFound (no log there, or what a kill during its first commit left of one),
// Unavailable.
Result<LogListing> ListLog(const std::filesystem::path& log);
// Whether a table is there, whatever its state: its log has a file that counts.
bool HasLog(const std::filesystem::path& table_root);

// The log files' names.
std::string CommitName(Version version);
std::string ChecksumName(Version version);

}  // namespace cryptostream
