#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/schema.h"
#include "query/duck.h"
#include "verify/log_action.h"
#include "verify/log_listing.h"

namespace cryptostream {

// How much of a log is read: all that is there, or from its newest checkpoint on (what a start needs).
enum class LogExtent { kWhole, kTail };

// A live file as the log's JSON has it.
struct LoggedFile {
  std::string path;  // below the table's root, decoded
  std::int64_t size_bytes = 0;
  Version version = kNoVersion;  // of its Add; of the base checkpoint where that is not known any more
  bool known = false;            // its Add is in a commit that is still there
  bool data_change = true;       // false: rows that were there before (compaction)
};

// An Add or a Remove. What is only compared is kept as a hash; who needs the text reads it again
// (ForEachLive).
struct FileAction {
  Version version = kNoVersion;
  std::int64_t line = -1;  // in its commit; -1: of the base
  std::string path;
  bool add = true;
  bool known = true;
  bool data_change = true;
  std::int64_t size_bytes = -1;  // -1: it does not say
  std::int64_t time_ms = -1;     // modificationTime, deletionTimestamp
  std::int64_t rows = -1;        // numRecords
  std::uint64_t partition = 0, stats = 0, rest = 0;
};
struct PositionAction {
  Version version = kNoVersion;
  std::int64_t line = -1;
  std::uint32_t id = 0;  // in position_ids
  std::int64_t value = 0;
  std::int64_t updated_ms = -1;  // lastUpdated; -1: it does not say
};
// metaData, protocol or domainMetadata.
struct DescribingAction {
  Version version = kNoVersion;
  LogFields fields;
};

// What a commit's commitInfo says, as far as somebody asks for it.
struct CommitSaid {
  Version version = kNoVersion;
  std::int64_t time_ms = -1;              // -1: it does not say
  std::int64_t offsets_without_row = -1;  // likewise
  bool counts_itself = false;             // its files, rows and positions
};

// A live file with what its Add says of the rows.
struct LiveFile {
  const FileAction* action = nullptr;
  LogFields partition;
  std::string stats;
};

// A table's log without the kernel, pinned at the newest version when it was read: from the commits and,
// where the oldest of them are cleaned away, from the checkpoint before them (the base). In memory it is some
// 300 bytes an action.
struct TableLog {
  const TableLayout* layout = nullptr;
  std::filesystem::path root;  // of the table
  LogListing listing;
  Version base = kNoVersion;  // checkpoint that the replay begins with; kNoVersion: it begins with version 0
  Version first_commit = 0;   // the oldest one that was read; beyond `version` if none had to be
  Version version = kNoVersion;
  std::string table_id;

  std::vector<FileAction> files;  // in the order of the log, those of the base first
  std::vector<std::string> position_ids;
  std::vector<PositionAction> positions;
  std::vector<CommitSaid> commits;  // those that were replayed, in order
  std::vector<DescribingAction> metadata, protocols, domains;
  std::vector<std::string> bad_actions;      // places where an action is none, or lacks what it must have
  std::vector<std::string> bad_commits;      // places where a commit contradicts what it says of itself
  std::vector<std::string> bad_checkpoints;  // older than the base and not readable: "version=... file=...: why"

  // Errors: NotFound (no table, or a file vanished while reading), Corrupt (a hole, or a file that cannot be
  // read: names it), Unavailable.
  static Result<TableLog> Read(const TableLayout& layout, const std::filesystem::path& table_root,
                               LogExtent extent = LogExtent::kWhole);
  // The last action of each path at a version.
  std::unordered_map<std::string_view, const FileAction*> LastActions(Version at) const;
  // The live files at a version, in the order in which they were added.
  Result<std::vector<LoggedFile>> FilesAt(Version at) const;
  // The last action of each position at a version, by its number in position_ids.
  std::unordered_map<std::uint32_t, const PositionAction*> LastPositions(Version at) const;
  // The positions at a version.
  Result<std::map<std::string, std::int64_t>> PositionsAt(Version at) const;
  // Calls `visit` with all live files of the newest version, in portions of at most `most`, in the order of
  // the log. Errors: as of Read, those of `visit`.
  Status ForEachLive(std::size_t most, const std::function<Status(const std::vector<LiveFile>&)>& visit) const;
  std::filesystem::path log() const { return root / "_delta_log"; }
};

// The newest of them at or before a version; nullptr: none.
const DescribingAction* LatestAt(const std::vector<DescribingAction>& actions, Version at);
// An Add or a Remove as it is kept. In: the action's fields. Out: what is wrong with it, if something is.
FileAction KeptFile(const LogFields& fields, bool add, std::vector<std::string>* wrong);

// The query limits of a verification: long, and few rows.
QueryLimits Patient(std::size_t max_rows = 1'000'000);

}  // namespace cryptostream
