#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "delta/border.h"
#include "delta/table.h"

namespace cryptostream::delta_internal {

// The kernel's rows of a log, read. Errors of all: Corrupt (a path that is no text), Internal (columns other than those that
// the shim promises).

// What a row of a scan or of a commit says of a file.
struct LogFile {
  DataFile file;  // partition values in the order of the table's partition columns
  bool data_change = true;
  bool has_deletion_vector = false;
};

// What one commit holds.
struct LogCommit {
  Version version = kNoVersion;
  Timestamp time{};  // commitInfo.timestamp
  std::string operation;
  std::map<std::string, std::string> parameters;
  std::vector<LogFile> adds, removes;
  std::map<std::string, std::int64_t> txns;
};

// In: the shim's `files`.
Result<std::vector<LogFile>> ReadFiles(const shim::Rows& rows, const std::vector<std::string>& partition_columns);
// In: the shim's `removals`. Out: path -> the last time that it was removed.
Result<std::map<std::string, Timestamp>> ReadRemovals(const shim::Rows& rows);
// In: the shim's `txns`. Out: of each app id its newest version.
Result<std::map<std::string, std::int64_t>> ReadTxns(const shim::Rows& rows);
// In: the shim's `commits`. Out: oldest first.
Result<std::vector<LogCommit>> ReadCommits(const shim::Rows& rows, const std::vector<std::string>& partition_columns);

// Selects the files of `paths` in the shim's `files`, for a commit to remove. Errors: Conflict (one is not live).
Status SelectRemovals(const std::vector<DataFile>& removes, shim::Rows& rows);

}  // namespace cryptostream::delta_internal
