#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/schema.h"
#include "query/duck.h"

namespace cryptostream {

// What lies in a table's _delta_log, by version.
struct LogListing {
  std::set<Version> commits;
  std::map<Version, std::vector<std::string>> checkpoints;  // classic ones, file names of their parts
  std::set<Version> checksums;
  bool has_hint = false;  // _last_checkpoint
  bool empty() const { return commits.empty() && checkpoints.empty() && checksums.empty() && !has_hint; }
};

// Lists a log. Errors: NotFound (no log there, or what a kill during its first commit left of one), Unavailable.
Result<LogListing> ListLog(const std::filesystem::path& log);
// Whether a table is there, whatever its state: its log has a file that counts.
bool HasLog(const std::filesystem::path& table_root);

// How much of a log is read: all that is there, or from its newest checkpoint on (what a start needs).
enum class LogExtent { kWhole, kTail };

// The log files' names.
std::string CommitName(Version version);
std::string ChecksumName(Version version);

// A live file as the log's JSON has it.
struct LoggedFile {
  std::string path;  // below the table's root, decoded
  std::int64_t size_bytes = 0;
  Version version = kNoVersion;  // of its Add; of the base checkpoint where that is not known any more
  bool known = false;            // its Add is in a commit that is still there
  bool data_change = true;       // false: rows that were there before (compaction)
};

// A table's log as SQL sees it, pinned at the newest version when it was read; read from the JSON files and, where the oldest of
// them are cleaned away, from the checkpoint before them. `duck` has the tables
//   line(version, add, remove, txn, metaData, protocol, commitInfo)   the commits, line by line (rowid: their order)
//   action(version, line, kind, path, size, data_change, part, stats, known)   adds and removes, those of the base first
//   position(version, line, id, value)   txn actions
//   metadata(version, id, schema, partitions, properties)
// Errors of Read: NotFound (no table, or a file vanished while reading), Corrupt (a hole, or a file that cannot be read: names it).
struct TableLog {
  const TableLayout* layout = nullptr;
  std::filesystem::path root;  // of the table
  LogListing listing;
  Version base = kNoVersion;  // checkpoint that the replay begins with; kNoVersion: it begins with version 0
  Version first_commit = 0;   // the oldest one that was read; beyond `version` if none had to be
  Version version = kNoVersion;
  std::string table_id;
  std::unique_ptr<Duck> duck;

  static Result<TableLog> Read(const TableLayout& layout, const std::filesystem::path& table_root,
                               LogExtent extent = LogExtent::kWhole);
  // The live files at a version, in the order in which they were added.
  Result<std::vector<LoggedFile>> FilesAt(Version at) const;
  // The positions at a version.
  Result<std::map<std::string, std::int64_t>> PositionsAt(Version at) const;
  std::filesystem::path log() const { return root / "_delta_log"; }
};

// The query limits of a verification: long, and few rows.
QueryLimits Patient(std::size_t max_rows = 1'000'000);

}  // namespace cryptostream
