#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "delta/snapshot.h"

namespace cryptostream {

// The cryptostream.format that this program writes. A table with a newer one is refused, one with an earlier one is read as it is and
// brought to this one before it is written (maintain/upgrade.h). Every change of what tables hold or of how they lie is a new format.
inline constexpr int kTableFormat = 3;
inline constexpr int kHasQuotes = 2;         // since this one
inline constexpr int kMeansRoundedOnce = 2;  // since this one; before, a mean was a rounded sum divided
inline constexpr int kChosenRows = 3;  // since this one gold has one row a coin and window, and every source's are elsewhere
inline constexpr const char* kFormatProperty = "cryptostream.format";
// The format that a table was made with, of tables that were brought to a later one: its rows may lack columns of that.
inline constexpr const char* kMadeProperty = "cryptostream.made";
// commitInfo.engineInfo of all our commits.
inline constexpr const char* kEngineInfo = "cryptostream";

struct OpenOptions {
  bool fsync = true;               // false only for benchmarks and tests that do not ask about durability
  std::optional<Version> version;  // time travel; the newest if absent
};

enum class CommitKind {
  kAppend,    // new rows
  kReplace,   // rows exchanged for corrected ones (remove + add): readers of the log see the change
  kOptimize,  // the same rows in other files: dataChange false, readers of the log see nothing
  kDelete,    // rows taken away, whole files: remove only
  kDescribe,  // no rows: the table's own columns and properties
};

// What a new table is made of. Every column is nullable; timestamps are Delta's `timestamp` (UTC).
struct TableSpec {
  std::string uri;  // a path of this machine, a file:// URL, or s3://, gs://, az://
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::map<std::string, std::string> properties;  // those of DefaultTableProperties() where not named here
  bool fsync = true;
  std::set<CommitKind> commits;  // the kinds that the table must take, besides appends (CheckTakes)
};

// Whether a table takes commits of this kind, by its properties: append-only tables and those with a change
// data feed take no replacements. The kernel would refuse them in each commit anew. Errors: Invalid, saying
// what to do.
Status CheckTakes(const Snapshot& snapshot, CommitKind kind);

// The cryptostream.format of a table; 0 for one of another program.
int FormatOf(const std::map<std::string, std::string>& properties);

// Whether a property of a table is true.
bool IsSet(const std::map<std::string, std::string>& properties, const char* property);

// The properties that every table of the lake is created with (they cannot be set later): statistics for `schema`'s
// integers, dates, timestamps and coin_id, retention, no clean-up by others, cryptostream.format.
std::map<std::string, std::string> DefaultTableProperties(const arrow::Schema& schema,
                                                          const std::vector<std::string>& partition_columns);

struct CommitRequest {
  CommitKind kind = CommitKind::kAppend;
  std::vector<DataFile> adds;     // written and fsynced before (data_file.h)
  std::vector<DataFile> removes;  // live files of the pinned snapshot, by path
  std::map<std::string, std::int64_t> txns;
  std::shared_ptr<arrow::Schema> add_columns;      // kDescribe: new ones, null in the rows that are there; may be null
  std::map<std::string, std::string> properties;   // kDescribe: set, the others stay
  std::string batch_id;                            // random, new for each attempt's content (RandomHexId)
  std::string operation;                           // for people reading the log, "bronze append"; empty: from the kind
  std::map<std::string, std::string> commit_info;  // further entries of commitInfo.operationParameters
  // The version whose positions the caller has looked at. What a reload has brought since may be somebody else's, and a commit on top of
  // that is a conflict, as it would have been without the reload. Absent: the caller has no positions to lose.
  std::optional<Version> checked;
};

enum class CommitResultKind {
  kCommitted,  // in the log, durable
  kConflict,   // another commit holds this version: Refresh, look, decide
  kRetryable,  // nothing was written, as far as could be seen; look for the batch id before another attempt
  kFailed,     // the log refused it, or it cannot be known: look for the batch id
};

struct CommitOutcome {
  CommitResultKind kind = CommitResultKind::kFailed;
  Version version = kNoVersion;  // committed: ours; conflict: the version that was taken
  std::string message;
  ErrorKind reason = ErrorKind::kUnavailable;  // failed: kInvalid will never pass, kInternal is a panic
};

// What one commit changed, files with dataChange=true only: compaction is not seen here.
struct CommitActions {
  Version version = kNoVersion;
  Timestamp time{};  // commitInfo.timestamp
  std::string batch_id;
  std::string operation;
  std::vector<DataFile> adds;
  std::vector<DataFile> removes;                  // path (and size, partition where the log has them)
  bool data_change_remove = false;                // `removes` is not empty: rows that were read before are gone or replaced
  std::map<std::string, std::string> parameters;  // commitInfo.operationParameters
  std::map<std::string, std::int64_t> txns;
};

// A pinned version of a table, and where its files are.
struct TableView {
  std::shared_ptr<const Snapshot> snapshot;
  std::string root_path;
  std::set<std::string> without = {};  // files that are not looked at, by their paths: they cannot be read

  Result<std::vector<DataFile>> Files() const;
};

// A Delta table. Pins the newest snapshot it has seen; whoever needs one view over several calls holds snapshot().
// Thread-safe: reads work on the pinned snapshot, and one mutex serialises commits, Refresh and Checkpoint. Only one
// process may write (the lake's lock); other programs' commits are met as conflicts.
class Table {
 public:
  // Makes the table. Errors: Conflict (there is one already), Invalid, Unavailable.
  static Result<std::unique_ptr<Table>> Create(const TableSpec& spec);
  // Opens a table. Errors: NotFound (no table there), Invalid (deletion vectors, column mapping, a protocol or
  // cryptostream.format that this program does not know: the message says what to do), Corrupt, Unavailable.
  static Result<std::unique_ptr<Table>> Open(const std::string& uri, const OpenOptions& options = {});
  // Opens the table, or makes it; one of an earlier format may lack columns that came later. Refresh and Commit
  // then hold each new state of it against what was asked of it here.
  // Errors: those of Open; Invalid if columns of `spec` are missing in it, or it does not take the commits
  // that `spec` needs.
  static Result<std::unique_ptr<Table>> OpenOrCreate(const TableSpec& spec);
  ~Table();

  // Pins the newest version. Errors: Corrupt, Unavailable; Invalid if it has become a table that we cannot
  // write as asked (OpenOrCreate).
  Status Refresh();
  std::shared_ptr<const Snapshot> snapshot() const;
  TableView view() const { return {snapshot(), root_path_}; }
  // The snapshot of an older version. Errors: NotFound (cleaned up, or not there yet).
  Result<std::shared_ptr<const Snapshot>> SnapshotAt(Version version) const;
  // The newest snapshot with the same rows as `version`: commits that only put them into other files are stepped over, because the files
  // of the older version may be vacuumed. Errors: NotFound (the log after `version` was cleaned up), Corrupt, Unavailable.
  Result<std::shared_ptr<const Snapshot>> SnapshotWithRowsOf(Version version) const;

  const std::string& uri() const { return uri_; }  // of the root, ends with "/"
  const std::string& id() const { return id_; }
  const std::string& root_path() const { return root_path_; }  // on this machine; empty for an object store
  bool fsync() const { return fsync_; }
  Version version() const { return snapshot()->version(); }
  std::shared_ptr<arrow::Schema> schema() const { return snapshot()->schema(); }
  std::map<std::string, std::string> properties() const { return snapshot()->properties(); }
  Result<std::vector<DataFile>> Files() const { return snapshot()->Files(); }
  Result<std::map<std::string, std::int64_t>> Txns() const { return snapshot()->Txns(); }

  // Reads the commits after `version` up to the pinned one, oldest first, at most `max_commits` of them.
  // Errors: NotFound (the log before them was cleaned up: resync from a snapshot), Corrupt, Unavailable.
  Result<std::vector<CommitActions>> CommitsAfter(Version version, int max_commits = 100) const;
  // Writes one commit on top of the pinned snapshot; committed: the post-commit snapshot is pinned. What happened is
  // the value; an error means that nothing was tried: Conflict (a file to remove is not live any more), Invalid (a bad
  // request). Files to remove are looked up before other commits are kept waiting.
  Result<CommitOutcome> Commit(const CommitRequest& request);
  // Finds the commit with this batch id at or after `from`, up to the newest version (also pins that one). Found, it is
  // durable.
  Result<std::optional<Version>> FindCommit(std::string_view batch_id, Version from);
  // The files whose removal the log still remembers, with the time of it: those of the newest checkpoint (which forgets them after
  // delta.deletedFileRetentionDuration) and of the commits after it.
  Result<std::map<std::string, Timestamp>> Tombstones() const;
  // Writes a checkpoint (and the version checksum) for the pinned snapshot.
  Status Checkpoint();

 private:
  Table(std::shared_ptr<const Snapshot> snapshot, std::string root_path, bool fsync);
  Status CheckWritable(const Snapshot& snapshot) const;
  Status RefreshLocked();  // requires commit_mutex_; notes what it brings
  Status MakeCommitDurable(Version version) const;
  Status CheckStillLive(const std::vector<DataFile>& removes, Version seen) const;
  void Pin(std::shared_ptr<const Snapshot> snapshot);

  const std::string uri_;
  const std::string id_;
  const std::string root_path_;
  const bool fsync_;
  std::optional<std::set<CommitKind>> writes_;  // what must pass; absent: opened for reading
  std::mutex commit_mutex_;                     // held over a whole commit
  Version reloaded_ = kNoVersion;  // the newest version that came by a reload, not by a commit of ours; guarded by commit_mutex_
  mutable std::mutex pin_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;  // guarded by pin_mutex_
};

}  // namespace cryptostream
