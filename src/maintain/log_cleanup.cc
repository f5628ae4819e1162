// Log clean-up. In: the names in a log's folder, the table's floor. Out: a shorter log that says the same. Deleted in ascending order, so that a
// crash in between leaves a log without its oldest part, which every reader takes, and never a hole (docs/decisions/0003). The
// age of a commit is its file's mtime: the log's own timestamps need each commit to be read.
#include "maintain/log_cleanup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "delta/log_files.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const CrashPoint kBeforeFiles("cleanup.before_files");
const CrashPoint kAfterFile("cleanup.after_file");
const CrashPoint kAfterFiles("cleanup.after_files");
constexpr std::chrono::hours kStagedAge{1};

// When a file was written, on the system's clock; nullopt if it is gone.
std::optional<Timestamp> WrittenAt(const fs::path& path) {
  std::error_code error;
  auto time = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  return std::chrono::floor<std::chrono::microseconds>(fs::file_time_type::clock::to_sys(time));
}

// The first version whose commit is younger than the retention; commits are written in order, so halving finds it.
Version FirstYoung(const LogFiles& files, Timestamp since) {
  auto young = std::partition_point(files.commits.begin(), files.commits.end(), [&](Version version) {
    auto written = WrittenAt(files.folder / fmt::format("{:020}.json", version));
    return written && *written < since;
  });
  return young == files.commits.end() ? files.commits.back() + 1 : *young;
}

}  // namespace

Result<LogCleanup> PlanLogCleanup(const Table& table, Version floor, const MaintenanceOptions& options, Timestamp now) {
  CS_ASSIGN(LogFiles files, ListLogFiles(table.root_path()));
  LogCleanup plan;
  for (const std::string& name : files.staged) {
    auto written = WrittenAt(files.folder / name);
    if (written && *written < now - kStagedAge) plan.staged.push_back(name);
  }
  if (files.checkpoints.size() < 2 || files.commits.empty() || !files.last_checkpoint) return plan;
  Version second_newest = files.checkpoints[files.checkpoints.size() - 2];
  Version limit = std::min({floor, second_newest, *files.last_checkpoint});
  limit = std::min(limit, FirstYoung(files, now - options.log_retention));
  auto above = std::upper_bound(files.checkpoints.begin(), files.checkpoints.end(), limit);
  if (above == files.checkpoints.begin()) return plan;
  plan.keep = *std::prev(above);
  for (const auto& [version, names] : files.by_version) {
    if (version >= plan.keep) break;
    plan.names.insert(plan.names.end(), names.begin(), names.end());
  }
  return plan;
}

Result<std::int64_t> CleanLog(const Table& table, const LogCleanup& plan) {
  fs::path folder = fs::path(table.root_path()) / "_delta_log";
  std::int64_t deleted = 0;
  auto remove = [&](const std::string& name) -> Status {
    std::error_code error;
    deleted += fs::remove(folder / name, error);
    if (error) return Unavailable("cannot delete: path=" + (folder / name).string() + " reason=" + error.message());
    kAfterFile.Reach();
    return {};
  };
  for (const std::string& name : plan.staged) CS_TRY(remove(name));
  if (plan.names.empty()) return deleted;
  auto kept = [&]() -> Status {
    CS_ASSIGN(auto snapshot, table.SnapshotAt(plan.keep));
    CS_TRY(snapshot->Files());
    CS_TRY(snapshot->Txns());
    return {};
  }();
  if (!kept) {
    return Corrupt(
        fmt::format("cannot read the checkpoint that would be the oldest, the log stays as it is: table={} version={} "
                    "reason={} (`cryptostream verify` tells more)",
                    table.uri(), plan.keep, kept.error().message));
  }
  kBeforeFiles.Reach();
  for (const std::string& name : plan.names) CS_TRY(remove(name));
  kAfterFiles.Reach();
  return deleted;
}

}  // namespace cryptostream
