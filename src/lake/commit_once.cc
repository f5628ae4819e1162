// The commit that cannot happen twice. An error can come after the commit is in the log, and two writers can own the same
// position, so a commit is ours only by its random batch id (docs/exactly-once.md). Durable before
// counted: a position counts only once its rows and their commit are fsynced, also when the commit was found in the log after an
// error. kafka-delta-ingest, which this
// follows, compares positions only; a twin writer then takes the other's commit for its own.
#include "lake/commit_once.h"

#include <arrow/api.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutant.h"
#include "base/threads.h"
#include "delta/data_file.h"

namespace cryptostream {
namespace {

constexpr int kMaxAttempts = 8;
constexpr std::int64_t kRowsWorthAFile = 50'000;
constexpr Version kCheckpointInterval = 100;  // of a table whose property says nothing

// The partitions' rows as files: several of a large commit, so that they are encoded and made durable side by side.
Result<std::vector<DataFile>> WriteFiles(const Table& table, const TableLayout& layout, const std::vector<PartitionRows>& rows,
                                         FileHold* hold) {
  struct Piece {
    std::vector<PartitionValue> partition;
    std::shared_ptr<arrow::Table> rows;
  };
  std::vector<Piece> pieces;
  for (const PartitionRows& part : rows) {
    std::vector<PartitionValue> partition;
    for (std::size_t i = 0; i < part.partition.size(); ++i) {
      partition.push_back({layout.partition_columns[i], part.partition[i]});
    }
    std::int64_t count = part.rows->num_rows();
    auto files = std::clamp<std::int64_t>(count / kRowsWorthAFile, 1, static_cast<std::int64_t>(SharedBy()));
    for (std::int64_t i = 0; i < files; ++i) {
      std::int64_t begin = count * i / files, end = count * (i + 1) / files;
      pieces.push_back({partition, part.rows->Slice(begin, end - begin)});
    }
  }
  DataFileOptions options;
  options.fsync = table.fsync();
  options.distinct_columns = layout.distinct_columns;
  options.hold = hold;
  return AllSideBySide<DataFile>(pieces.size(), [&](std::size_t i) {
    return WriteDataFile(table.root_path(), pieces[i].partition, *pieces[i].rows, options);
  });
}

// Whether the commit leaves a trace in the positions. One that does not (windows that only late rows made) cannot tell by them
// whether another writer has done the same.
bool MovesAPosition(const CommitPlan& plan) {
  return std::any_of(plan.positions.begin(), plan.positions.end(), [&](const auto& entry) {
    auto before = plan.expected.find(entry.first);
    return before == plan.expected.end() || before->second != entry.second;
  });
}

Status CheckStillOurs(Table& table, const CommitPlan& plan, std::int64_t epoch) {
  if constexpr (kMutant == Mutant::kNoPositionCheck) return {};
  CS_ASSIGN(Positions now, table.Txns());
  CS_TRY(CheckNotFenced(table, now, epoch));
  for (const auto& [id, position] : plan.positions) {
    auto expected = plan.expected.find(id);
    auto found = now.find(id);
    bool same = expected == plan.expected.end() ? found == now.end() : found != now.end() && found->second == expected->second;
    if (!same) return Conflict("the position moved: table=" + table.uri() + " id=" + id);
  }
  return {};
}

Version CheckpointInterval(const Table& table) {
  auto properties = table.properties();
  auto found = properties.find("delta.checkpointInterval");
  Version interval = found == properties.end() ? 0 : std::atoll(found->second.c_str());
  return interval > 0 ? interval : kCheckpointInterval;
}

const char* KindName(CommitKind kind) {
  switch (kind) {
    case CommitKind::kAppend: return "append";
    case CommitKind::kReplace: return "replace";
    case CommitKind::kOptimize: return "optimize";
    case CommitKind::kDelete: return "delete";
    case CommitKind::kDescribe: return "describe";
  }
  return "";
}

void AfterCommit(Table& table, const TableLayout& layout, CommitKind kind, Version version) {
  CountMetric("cryptostream_delta_commits_total", "Commits to the Delta tables.",
              {{"table", layout.name}, {"operation", KindName(kind)}});
  if (version == 0 || version % CheckpointInterval(table) != 0) return;
  if (Status done = table.Checkpoint(); !done) {
    LogWarn("cannot write a checkpoint, the log stays readable without it: table={} reason={}", layout.name,
            done.error().message);
  }
}

// What the commit holds, said once more in its commitInfo: a line that was lost or changed later is found by `verify`.
std::map<std::string, std::string> Content(const CommitRequest& request) {
  std::int64_t rows = 0, position_sum = 0;
  for (const DataFile& file : request.adds) rows += file.rows;
  for (const auto& [id, position] : request.txns) position_sum += position;
  return {{"files", std::to_string(request.adds.size())},
          {"filesRemoved", std::to_string(request.removes.size())},
          {"rows", std::to_string(rows)},
          {"positions", std::to_string(request.txns.size())},
          {"positionSum", std::to_string(position_sum)}};
}

// In: a CommitPlan or a RewritePlan, and its files, which are written.
template <class Plan>
CommitRequest RequestOf(const Plan& plan, std::vector<DataFile> adds, std::int64_t epoch) {
  CommitRequest request;
  request.kind = plan.kind;
  request.adds = std::move(adds);
  request.removes = plan.removes;
  request.txns = plan.positions;
  request.txns[EpochId()] = epoch;
  request.operation = plan.operation;
  request.commit_info = plan.commit_info;
  request.commit_info.merge(Content(request));
  return request;
}

// What the kernel calls a fault of the request will never pass, and a panic may not: their kinds go on to who
// decides about trying again.
std::unexpected<Error> GaveUp(const Table& table, const CommitOutcome& last) {
  bool kept =
      last.kind == CommitResultKind::kFailed && (last.reason == ErrorKind::kInvalid || last.reason == ErrorKind::kInternal);
  return Fail(kept ? last.reason : ErrorKind::kUnavailable, "cannot commit: table=" + table.uri() + " reason=" + last.message);
}

}  // namespace

Status CheckNotFenced(const Table& table, const Positions& now, std::int64_t epoch) {
  if (PositionOr(now, EpochId(), 0) <= epoch) return {};
  return Fenced("fenced: a newer writer took over this lake: table=" + table.uri() + " (this process stops)");
}

Result<Version> CommitOnce(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch) {
  auto started = std::chrono::steady_clock::now();
  FileHold hold;
  CS_ASSIGN(std::vector<DataFile> files, WriteFiles(table, layout, plan.rows, &hold));
  std::ranges::move(plan.adds, std::back_inserter(files));
  CommitRequest request = RequestOf(plan, std::move(files), epoch);
  request.add_columns = plan.add_columns;
  request.properties = plan.properties;
  request.checked = plan.checked;
  CommitOutcome last;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    request.batch_id = RandomHexId();
    Version before = table.version();
    CS_ASSIGN(CommitOutcome outcome, table.Commit(request));
    std::optional<Version> version;
    if (outcome.kind == CommitResultKind::kCommitted) {
      version = outcome.version;
    } else if constexpr (kMutant != Mutant::kRetryBlindly) {
      CS_ASSIGN(version, table.FindCommit(request.batch_id, before + 1));
      if (version)
        CountMetric("cryptostream_commits_recovered_total", "Commits found in the log after an error said otherwise.", {});
    }
    if (version) {
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
      ObserveSeconds("cryptostream_delta_commit_duration_seconds", "Data files, commit and their fsyncs.",
                     {{"table", layout.name}}, took.count());
      AfterCommit(table, layout, plan.kind, *version);
      return *version;
    }
    last = outcome;
    if (outcome.kind == CommitResultKind::kFailed && kMutant != Mutant::kRetryBlindly) break;
    CS_TRY(table.Refresh());
    request.checked = table.version();
    if constexpr (kMutant == Mutant::kRetryBlindly) continue;
    CS_TRY(CheckStillOurs(table, plan, epoch));
    bool others = table.version() > before;  // else the disk said no, and the same may pass now
    if (others && (plan.kind == CommitKind::kReplace || !MovesAPosition(plan))) {
      return Conflict("another commit came first: table=" + table.uri());
    }
  }
  return GaveUp(table, last);
}

Status CommitSide(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch) {
  if (plan.rows.empty() && plan.adds.empty()) return {};
  plan.checked = table.version();
  CS_ASSIGN(Positions now, table.Txns());
  CS_TRY(CheckNotFenced(table, now, epoch));
  plan.expected = StandingBefore(now, plan.positions);
  // Work that is done again after a crash may be cut shorter than it was: what is written stays written.
  for (const auto& [id, position] : plan.expected) plan.positions[id] = std::max(plan.positions[id], position);
  CS_TRY(CommitOnce(table, layout, std::move(plan), epoch));
  return {};
}

Result<Version> CommitRewrite(Table& table, const TableLayout& layout, const RewritePlan& plan, std::int64_t epoch) {
  CommitRequest request = RequestOf(plan, plan.adds, epoch);
  request.checked = kNoVersion;
  CommitOutcome last;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    request.batch_id = RandomHexId();
    Version before = table.version();
    CS_ASSIGN(CommitOutcome outcome, table.Commit(request));
    std::optional<Version> version;
    if (outcome.kind == CommitResultKind::kCommitted) version = outcome.version;
    if (!version) {
      CS_ASSIGN(version, table.FindCommit(request.batch_id, before + 1));  // also pins the newest version
    }
    if (version) {
      AfterCommit(table, layout, plan.kind, *version);
      return *version;
    }
    last = outcome;
    if (outcome.kind == CommitResultKind::kFailed) break;
    request.checked = table.version();
    CS_ASSIGN(Positions now, table.Txns());
    CS_TRY(CheckNotFenced(table, now, epoch));
  }
  return GaveUp(table, last);
}

}  // namespace cryptostream
