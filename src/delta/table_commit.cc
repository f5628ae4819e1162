// Commits of a table: writing one, reading those of a range of versions, and finding ours again after a doubt.
// What happened to a commit is a value, not an error, because each outcome asks something else of the stage: a lost reply
// may hide a commit that is in the log, so nothing here retries. A commit is recognised only by its batch id, which lies in
// commitInfo.operationParameters: the one place of commitInfo that the kernel's CommitRange gives back.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/system_error.h"
#include "delta/border.h"
#include "delta/commit_request.h"
#include "delta/log_rows.h"
#include "delta/table.h"

namespace cryptostream {
namespace {

using namespace delta_internal;

const CrashPoint kBeforeCommit("delta.before_commit");
const CrashPoint kAfterCommit("delta.after_commit");
const CrashPoint kBeforeRecovery("delta.before_recovery");
const CrashPoint kBeforeCheckpoint("delta.before_checkpoint");
const CrashPoint kAfterCheckpoint("delta.after_checkpoint");

constexpr int kCommitsPerRead = 100;

CommitResultKind FromShim(shim::OutcomeKind kind) {
  switch (kind) {
    case shim::OutcomeKind::Committed: return CommitResultKind::kCommitted;
    case shim::OutcomeKind::Conflict: return CommitResultKind::kConflict;
    case shim::OutcomeKind::Retryable: return CommitResultKind::kRetryable;
    default: return CommitResultKind::kFailed;
  }
}

// Takes the data-changing files of one side of a commit.
Status TakeChanged(std::vector<LogFile> files, std::vector<DataFile>& out) {
  for (LogFile& file : files) {
    if (!file.data_change) continue;
    if (file.has_deletion_vector) {
      return Invalid("rows were deleted by deletion vectors, which are not supported: file=" + file.file.path +
                     " (put a backup of the table from before that commit back, and unset delta.enableDeletionVectors)");
    }
    out.push_back(std::move(file.file));
  }
  return {};
}

Result<CommitActions> ActionsOf(LogCommit commit) {
  CommitActions out;
  out.version = commit.version;
  out.time = commit.time;
  out.operation = std::move(commit.operation);
  if (auto ours = commit.parameters.find(kOperation); ours != commit.parameters.end()) out.operation = ours->second;
  if (auto id = commit.parameters.find(kBatchId); id != commit.parameters.end()) out.batch_id = id->second;
  out.parameters = std::move(commit.parameters);
  out.txns = std::move(commit.txns);
  CS_TRY(TakeChanged(std::move(commit.adds), out.adds));
  CS_TRY(TakeChanged(std::move(commit.removes), out.removes));
  out.data_change_remove = !out.removes.empty();
  return out;
}

// The rows of a snapshot's files with those to remove selected.
Result<rust::Box<shim::Rows>> FindRemovals(const SnapshotHandle& handle, const std::vector<DataFile>& removes) {
  if (removes.empty()) return shim::no_rows();
  CS_ASSIGN(auto rows, Call("commit", [&] { return handle.shim_store().files(*handle.snapshot); }));
  CS_TRY(SelectRemovals(removes, *rows));
  return rows;
}

Result<std::vector<LogCommit>> ReadLog(const Snapshot& pinned, Version first, Version last) {
  const SnapshotHandle& handle = pinned.handle();
  std::string what = fmt::format("read commits of table {} from={} to={}", pinned.uri(), first, last);
  CS_ASSIGN(auto rows, Call(what, [&] { return handle.shim_store().commits(first, last); }));
  CS_ASSIGN(std::vector<LogCommit> commits, ReadCommits(*rows, pinned.partition_columns()));
  if (commits.size() != static_cast<std::size_t>(last - first + 1))
    return Corrupt(fmt::format("a commit of the log is empty: table={} from={} to={}", pinned.uri(), first, last));
  return commits;
}

}  // namespace

// None of `removes`, live at version `seen`, was removed up to the pinned version. Reads only the commits between.
Status Table::CheckStillLive(const std::vector<DataFile>& removes, Version seen) const {
  auto pinned = snapshot();
  if (removes.empty() || pinned->version() == seen) return {};
  std::set<std::string_view> paths;
  for (const DataFile& file : removes) paths.insert(file.path);
  for (Version first = seen + 1; first <= pinned->version(); first += kCommitsPerRead) {
    Version last = std::min<Version>(pinned->version(), first + kCommitsPerRead - 1);
    CS_ASSIGN(std::vector<LogCommit> commits, ReadLog(*pinned, first, last));
    for (const LogCommit& commit : commits) {
      for (const LogFile& removed : commit.removes) {
        if (!paths.contains(removed.file.path)) continue;
        return Conflict(fmt::format("file to remove is not live: path={} removed_in={}", removed.file.path, commit.version));
      }
    }
  }
  return {};
}

Result<CommitOutcome> Table::Commit(const CommitRequest& request) {
  CS_ASSIGN(shim::Request made, MakeRequest(request));
  auto seen = snapshot();
  CS_ASSIGN(auto removals, FindRemovals(seen->handle(), request.removes));
  std::lock_guard lock(commit_mutex_);
  if (request.checked && reloaded_ > *request.checked) {
    return CommitOutcome{CommitResultKind::kConflict, reloaded_, "a reload brought commits that may be somebody else's"};
  }
  CS_TRY(CheckStillLive(request.removes, seen->version()));
  auto base = snapshot();
  CS_TRY(CheckTakes(*base, request.kind));
  const SnapshotHandle& handle = base->handle();
  kBeforeCommit.Reach();
  // Every failure in there is a value already; only the glue itself could throw.
  CS_ASSIGN(shim::Outcome outcome, Call("commit", [&] { return handle.shim_store().commit(*handle.snapshot, made, *removals); }));
  CommitOutcome out{FromShim(outcome.kind), outcome.version, std::string(outcome.message)};
  if (out.kind != CommitResultKind::kCommitted) StopOnIoError("commit to table " + uri_, out.message);
  if (out.kind == CommitResultKind::kFailed) {
    Error error = FromShim("commit", out.message);
    if (out.message.find('|') != out.message.npos) out.reason = error.kind;
    out.message = std::move(error.message);
  } else {
    out.message = WithAdvice(out.message);
  }
  if (out.kind == CommitResultKind::kCommitted) {
    kAfterCommit.Reach();
    auto same = request.kind == CommitKind::kDescribe ? nullptr : handle.facts;
    CS_ASSIGN(auto after, MakeSnapshot(handle.store, std::move(outcome.snapshot), std::move(same)));
    Pin(std::move(after));
  }
  return out;
}

Result<std::map<std::string, Timestamp>> Table::Tombstones() const {
  auto pinned = snapshot();
  const SnapshotHandle& handle = pinned->handle();
  CS_ASSIGN(auto rows,
            Call("read the removals of table " + uri_, [&] { return handle.shim_store().removals(*handle.snapshot); }));
  return ReadRemovals(*rows);
}

Result<std::vector<CommitActions>> Table::CommitsAfter(Version version, int max_commits) const {
  auto pinned = snapshot();
  Version first = version + 1;
  Version last = std::min<Version>(pinned->version(), version + max_commits);
  std::vector<CommitActions> out;
  if (first > last) return out;
  CS_ASSIGN(std::vector<LogCommit> commits, ReadLog(*pinned, first, last));
  for (LogCommit& commit : commits) {
    CS_ASSIGN(CommitActions actions, ActionsOf(std::move(commit)));
    out.push_back(std::move(actions));
  }
  return out;
}

Result<std::shared_ptr<const Snapshot>> Table::SnapshotWithRowsOf(Version version) const {
  auto pinned = snapshot();
  Version same = version;
  bool changed = false;
  while (!changed && same < pinned->version()) {
    CS_ASSIGN(auto commits, CommitsAfter(same, 8));  // the next one changes rows as a rule
    for (const CommitActions& commit : commits) {
      changed = !commit.adds.empty() || !commit.removes.empty();
      if (changed || commit.version > pinned->version()) break;
      same = commit.version;
    }
    if (commits.empty()) break;
  }
  if (same == pinned->version()) return pinned;
  return SnapshotAt(same);
}

Result<std::optional<Version>> Table::FindCommit(std::string_view batch_id, Version from) {
  kBeforeRecovery.Reach();
  CS_TRY(Refresh());
  Version newest = version();
  for (Version after = from - 1; after < newest; after += kCommitsPerRead) {
    CS_ASSIGN(auto commits, CommitsAfter(after, kCommitsPerRead));
    for (const CommitActions& commit : commits) {
      if (commit.batch_id != batch_id) continue;
      CS_TRY(MakeCommitDurable(commit.version));
      return commit.version;
    }
  }
  return std::nullopt;
}

// Durable before counted: whoever reported an error may not have come as far as its fsyncs.
Status Table::MakeCommitDurable(Version version) const {
  if (root_path_.empty() || !fsync_) return {};
  std::filesystem::path log = std::filesystem::path(root_path_) / "_delta_log";
  CS_TRY(FsyncPath(log / fmt::format("{:020}.json", version)));
  return FsyncPath(log);
}

Status Table::Checkpoint() {
  std::lock_guard lock(commit_mutex_);
  auto base = snapshot();
  const SnapshotHandle& handle = base->handle();
  kBeforeCheckpoint.Reach();
  std::string what = "write a checkpoint of table " + uri_;
  auto written = Call(what, [&] { return handle.shim_store().checkpoint(*handle.snapshot); });
  if (!written) {
    StopOnIoError(what, written.error().message);
    return std::unexpected(std::move(written).error());
  }
  kAfterCheckpoint.Reach();
  CS_ASSIGN(auto same, MakeSnapshot(handle.store, *std::move(written), handle.facts));
  Pin(std::move(same));
  return {};
}

}  // namespace cryptostream
