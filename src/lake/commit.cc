// The commit that cannot happen twice. An error can come after the commit is in the log, and two writers can own the same
// position, so a commit is ours only by its random batch id (design: exactly once, rule 2). kafka-delta-ingest, which this
// follows, compares positions only; a twin writer then takes the other's commit for its own.
#include "lake/commit.h"

#include <arrow/api.h>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delta/data_file.h"

namespace cryptostream {
namespace {

constexpr int kMaxAttempts = 8;
constexpr Version kCheckpointInterval = 100;

Result<std::vector<DataFile>> WriteFiles(const Table& table, const TableLayout& layout, const std::vector<PartitionRows>& rows) {
  std::vector<DataFile> files;
  DataFileOptions options;
  options.fsync = table.fsync();
  for (const PartitionRows& part : rows) {
    std::vector<PartitionValue> partition;
    for (std::size_t i = 0; i < part.partition.size(); ++i) {
      partition.push_back({layout.partition_columns[i], part.partition[i]});
    }
    CrashPoint("data-file-before");
    CS_ASSIGN(DataFile file, WriteDataFile(table.root_path(), partition, *part.rows, options));
    CrashPoint("data-file-after");
    files.push_back(std::move(file));
  }
  return files;
}

Status CheckStillOurs(Table& table, const CommitPlan& plan, std::int64_t epoch) {
  CS_ASSIGN(Positions now, table.Txns());
  if (PositionOr(now, EpochId(), 0) > epoch) {
    return Conflict("fenced: a newer writer took over this lake: table=" + table.uri() + " (this process stops)");
  }
  for (const auto& [id, position] : plan.positions) {
    auto expected = plan.expected.find(id);
    auto found = now.find(id);
    bool same = expected == plan.expected.end() ? found == now.end() : found != now.end() && found->second == expected->second;
    if (!same) return Conflict("the position moved: table=" + table.uri() + " id=" + id);
  }
  return {};
}

void AfterCommit(Table& table, const TableLayout& layout, const CommitPlan& plan, Version version) {
  CountMetric("cryptostream_delta_commits_total", "Commits to the Delta tables.",
              {{"table", layout.name}, {"operation", plan.kind == CommitKind::kAppend ? "append" : "replace"}});
  SetGauge("cryptostream_delta_table_version", "Newest committed version of the table.", {{"table", layout.name}},
           static_cast<double>(version));
  if (version == 0 || version % kCheckpointInterval != 0) return;
  CrashPoint("checkpoint-before");
  if (Status done = table.Checkpoint(); !done) {
    LogWarn("cannot write a checkpoint, the log stays readable without it: table={} reason={}", layout.name,
            done.error().message);
  }
}

}  // namespace

bool IsFenced(const Error& error) { return error.kind == ErrorKind::kConflict && error.message.starts_with("fenced"); }

Result<Version> CommitOnce(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch) {
  auto started = std::chrono::steady_clock::now();
  CommitRequest request;
  request.kind = plan.kind;
  CS_ASSIGN(request.adds, WriteFiles(table, layout, plan.rows));
  request.removes = plan.removes;
  request.txns = plan.positions;
  request.txns[EpochId()] = epoch;
  request.operation = plan.operation;
  std::string last_reason;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    request.batch_id = RandomHexId();
    Version before = table.version();
    CrashPoint("commit-before");
    CS_ASSIGN(CommitOutcome outcome, table.Commit(request));
    CrashPoint("commit-after");
    std::optional<Version> version;
    if (outcome.kind == CommitResultKind::kCommitted) {
      version = outcome.version;
    } else {
      CS_ASSIGN(version, table.FindCommit(request.batch_id, before + 1));
      if (version)
        CountMetric("cryptostream_commits_recovered_total", "Commits found in the log after an error said otherwise.", {});
    }
    if (version) {
      std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
      ObserveSeconds("cryptostream_delta_commit_duration_seconds", "Data files, commit and their fsyncs.",
                     {{"table", layout.name}}, took.count());
      AfterCommit(table, layout, plan, *version);
      return *version;
    }
    last_reason = outcome.message;
    if (outcome.kind == CommitResultKind::kFailed) break;
    CS_TRY(table.Refresh());
    CS_TRY(CheckStillOurs(table, plan, epoch));
    if (plan.kind == CommitKind::kReplace) return Conflict("another commit came first: table=" + table.uri());
  }
  return Unavailable("cannot commit: table=" + table.uri() + " reason=" + last_reason);
}

}  // namespace cryptostream
