// Compaction of one table. In: small files of the versions that everybody has read. Out: commits that put sorted files in their place.
// Plan, merge, commit, one partition after the other; the plan is made anew after each commit, because small results may be worth
// merging further. A stage that corrects the same file at the same time wins: nobody waits for us, we plan again at the next look.
#include "maintain/compact.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "lake/commit_once.h"
#include "maintain/sorted_merge.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeFiles("compact.before_files");
const CrashPoint kAfterFiles("compact.after_files");
const CrashPoint kAfterCommit("compact.after_commit");
constexpr int kMaxJobs = 1000;  // a limit on everything

std::string FolderOf(const CompactionJob& job) { return std::filesystem::path(job.files.front().path).parent_path().string(); }

// Merges and commits one job. Out: the new files; none if there was nothing to gain or somebody was faster.
Result<Merged> RunJob(Lake& lake, Table& table, const TableLayout& layout, const CompactionJob& job,
                      const MaintenanceOptions& options, const StopToken& stop) {
  FileHold hold;
  MergeRequest request;
  request.root = table.root_path();
  request.layout = &layout;
  request.files = job.files;
  request.target_bytes = options.target_bytes;
  request.memory_bytes = options.memory_bytes;
  request.options.fsync = table.fsync();
  request.options.hold = &hold;
  request.options.distinct_columns = layout.distinct_columns;
  request.options.zstd_level = 3;  // written seldom, read often
  kBeforeFiles.Reach();
  CS_ASSIGN(Merged merged, MergeFiles(request, stop));
  if (merged.inputs.empty()) return merged;
  kAfterFiles.Reach();
  RewritePlan plan{CommitKind::kOptimize, merged.outputs, merged.inputs, {}, "compact", {}};
  auto committed = CommitRewrite(table, layout, plan, lake.epoch());
  if (!committed) {
    // Whatever else went wrong, the commit may be in the log all the same: vacuum decides about the files, hours later.
    if (committed.error().kind != ErrorKind::kConflict) {
      return std::unexpected(std::move(committed).error());
    }
    LogDebug("compaction gives way: table={} reason={}", layout.name, committed.error().message);
    std::error_code error;
    for (const DataFile& file : merged.outputs) std::filesystem::remove(table.root_path() + "/" + file.path, error);
    return Merged{};
  }
  kAfterCommit.Reach();
  return merged;
}

void Count(const Merged& merged, CompactionReport& report) {
  ++report.jobs;
  for (const DataFile& file : merged.inputs) {
    report.rows += file.rows;
    report.bytes_read += file.size_bytes;
  }
  for (const DataFile& file : merged.outputs) report.bytes_written += file.size_bytes;
}

}  // namespace

Result<CompactionReport> CompactTable(Lake& lake, Table& table, const TableLayout& layout, std::set<std::string> eligible,
                                      const MaintenanceOptions& options, StopToken stop) {
  CompactionReport report;
  std::set<std::string> passed_over;  // partitions with nothing to gain this time
  while (!stop.stop_requested() && report.jobs < kMaxJobs) {
    CS_ASSIGN(std::vector<DataFile> files, table.Files());
    report.live_files = static_cast<std::int64_t>(files.size());
    std::erase_if(files, [&](const DataFile& file) { return !eligible.contains(file.path); });
    report.files_after = static_cast<std::int64_t>(files.size());
    if (report.jobs == 0) report.files_before = report.files_after;
    auto jobs = PlanCompaction(files, options, SystemClock().Now());
    auto job = std::find_if(jobs.begin(), jobs.end(), [&](const CompactionJob& j) { return !passed_over.contains(FolderOf(j)); });
    if (job == jobs.end()) break;
    CS_ASSIGN(Merged merged, RunJob(lake, table, layout, *job, options, stop));
    if (merged.inputs.empty()) {
      passed_over.insert(FolderOf(*job));
      continue;
    }
    for (const DataFile& file : merged.outputs) eligible.insert(file.path);
    Count(merged, report);
    LogDebug("compacted: table={} partition={} files={} rows={} into={}", layout.name, FolderOf(*job), merged.inputs.size(),
             report.rows, merged.outputs.size());
  }
  if (report.jobs > 0) {
    CountMetric("cryptostream_compacted_bytes_total", "Bytes of data files that compaction wrote.", {{"table", layout.name}},
                static_cast<double>(report.bytes_written));
    CountMetric("cryptostream_compacted_rows_total", "Rows that compaction wrote again.", {{"table", layout.name}},
                static_cast<double>(report.rows));
  }
  return report;
}

}  // namespace cryptostream
