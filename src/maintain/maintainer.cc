// Maintenance of a lake at work. In: the tables as they are. Out: the same rows in fewer files, shorter logs, less disk. One thread with
// a low priority: it has no deadline, the stages have. It takes a table's commit lock for a commit only, and looks at a
// table only when it got enough commits that a merge can be worth it. An error here never stops the stages, except that a
// fenced writer has nothing to do any more.
#include "maintain/maintainer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/threads.h"
#include "lake/commit_once.h"
#include "lake/floor.h"

namespace cryptostream {
namespace {

constexpr int kNice = 10;

Timestamp Now() { return SystemClock().Now(); }

// Calls `each` for every table, and gives the first error after all had their turn. Fenced and cancelled end it at once.
template <class Each>
Status ForEachTable(Lake& lake, const StopToken& stop, Each each) {
  Status result;
  for (const LakeTable& table : lake.Tables()) {
    if (stop.stop_requested()) return Cancelled("maintenance was stopped");
    Status done = each(table);
    if (!done && (done.error().kind == ErrorKind::kFenced || done.error().kind == ErrorKind::kCancelled)) return done;
    if (!done && result) result = std::move(done);
  }
  return result;
}

}  // namespace

Maintainer::Maintainer(Lake& lake) : lake_(lake), options_(lake.options().maintenance) {}

Maintainer::~Maintainer() { Stop(); }

void Maintainer::Start() {
  thread_ = std::jthread([this](StopToken stop) {
    NameThread("maintenance");
    Run(stop);
  });
}

void Maintainer::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Maintainer::Run(StopToken stop) {
  // On Linux the priority is the thread's own.
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0)
    LogDebug("cannot lower the priority of maintenance");
  auto next_clean = std::chrono::steady_clock::now() + options_.clean_every;
  while (SleepFor(stop, options_.compact_every)) {
    auto compacted = Compact(false, stop);
    if (!Report("compact", compacted ? Status() : std::unexpected(compacted.error()))) return;
    ReleaseFreeMemory();
    if (std::chrono::steady_clock::now() < next_clean) continue;
    auto retained = Retain(false, stop);
    if (!Report("drop old days", retained ? Status() : std::unexpected(retained.error()))) return;
    auto cleaned = Clean(false, stop);
    if (!Report("clean up", cleaned ? Status() : std::unexpected(cleaned.error()))) return;
    next_clean = std::chrono::steady_clock::now() + options_.clean_every;
  }
}

// Says an error once. Out: whether to go on.
bool Maintainer::Report(const char* what, const Status& done) {
  if (done || done.error().kind == ErrorKind::kCancelled) {
    trouble_.clear();
    return true;
  }
  bool passes =
      done.error().kind != ErrorKind::kInvalid;  // else it is said once, and done again when somebody has changed the table
  if (done.error().message != trouble_) LogWarn("cannot {}{}: {}", what, passes ? ", will try again" : "", done.error().message);
  trouble_ = done.error().message;
  return done.error().kind != ErrorKind::kFenced;
}

// Enough commits came, or a partition may be closed by now, or the files that were left out last time have been read meanwhile: there may be no
// further commit to bring the next look.
Result<bool> Maintainer::Due(const LakeTable& table, const Seen& seen) const {
  if (table.table->version() - seen.looked_at >= options_.compact_files / 2) return true;
  if (std::chrono::steady_clock::now() - seen.looked >= options_.closed_after) return true;
  if (!seen.left_some) return false;
  CS_ASSIGN(Version floor, FloorOf(lake_, *table.table));
  return floor >= seen.files_at;
}

// The files that everybody has read. The newest version is a second ahead of its readers most of the time, the one of the last look
// is not; an older version from the log costs a listing of all of it.
Result<std::set<std::string>> Maintainer::ReadByAll(const LakeTable& table, const Snapshot& newest, Seen& seen) {
  auto paths = [](const Snapshot& snapshot) -> Result<std::set<std::string>> {
    std::set<std::string> out;
    CS_ASSIGN(std::vector<DataFile> files, snapshot.Files());
    for (DataFile& file : files) out.insert(std::move(file.path));
    return out;
  };
  CS_ASSIGN(Version floor, FloorOf(lake_, *table.table));
  CS_ASSIGN(std::set<std::string> now, paths(newest));
  std::set<std::string> before = std::exchange(seen.files, now);
  Version before_at = std::exchange(seen.files_at, newest.version());
  seen.left_some = newest.version() > floor;
  if (!seen.left_some) return now;
  if (floor == kNoVersion) return std::set<std::string>();
  if (before_at != kNoVersion && before_at <= floor) return before;
  CS_ASSIGN(auto at_floor, table.table->SnapshotWithRowsOf(floor));
  return paths(*at_floor);
}

Result<CompactionReport> Maintainer::CompactOne(const LakeTable& table, Seen& seen, StopToken stop) {
  auto newest = table.table->snapshot();
  CS_ASSIGN(std::set<std::string> eligible, ReadByAll(table, *newest, seen));
  CS_ASSIGN(CompactionReport report,
            CompactTable(lake_, *table.table, *table.layout, std::move(eligible), options_, std::move(stop)));
  seen.looked_at = newest->version() + report.jobs;
  seen.looked = std::chrono::steady_clock::now();
  return report;
}

Result<std::map<std::string, CompactionReport>> Maintainer::Compact(bool all, StopToken stop) {
  std::map<std::string, CompactionReport> reports;
  CS_TRY(ForEachTable(lake_, stop, [&](const LakeTable& table) -> Status {
    Seen& seen = seen_[table.layout->name];
    if (!all) {
      CS_ASSIGN(bool due, Due(table, seen));
      if (!due) return {};
    }
    CS_ASSIGN(reports[table.layout->name], CompactOne(table, seen, stop));
    return {};
  }));
  return reports;
}

Result<std::map<std::string, RetentionPlan>> Maintainer::Retain(bool dry_run, StopToken stop) {
  std::map<std::string, RetentionPlan> plans;
  CS_TRY(ForEachTable(lake_, stop, [&](const LakeTable& table) -> Status {
    auto age = options_.retain.find(table.layout->name);
    if (age == options_.retain.end() || age->second == std::chrono::milliseconds(0)) return {};
    CS_ASSIGN(RetentionPlan plan, PlanRetention(lake_, table, age->second, Now()));
    if (!dry_run && !plan.files.empty()) {
      CS_TRY(ApplyRetention(lake_, table, plan));
      LogInfo("dropped old days: table={} before={} rows={}", table.layout->name, FormatDate(plan.before), plan.rows);
    }
    plans[table.layout->name] = std::move(plan);
    return {};
  }));
  return plans;
}

Result<CleaningReport> Maintainer::CleanOne(const LakeTable& table, bool dry_run) const {
  CleaningReport report;
  CS_ASSIGN(std::vector<Version> positions, ReaderPositions(lake_, *table.table));
  CS_ASSIGN(Version floor, FloorOf(lake_, *table.table));
  CS_ASSIGN(LogCleanup log, PlanLogCleanup(*table.table, floor, options_, Now()));
  report.log_from = log.keep;
  report.log_files = static_cast<std::int64_t>(log.names.size() + log.staged.size());
  if (!dry_run) {
    CS_ASSIGN(report.log_files, CleanLog(*table.table, log));
  }
  CS_ASSIGN(VacuumPlan vacuum, PlanVacuum(*table.table, positions, options_, Now()));
  report.data_files = static_cast<std::int64_t>(vacuum.files.size());
  report.data_bytes = vacuum.size_bytes;
  if (!dry_run) {
    CS_ASSIGN(report.data_files, VacuumTable(*table.table, vacuum));
    CountMetric("cryptostream_vacuumed_files_total", "Data files deleted.", {{"table", table.layout->name}},
                static_cast<double>(report.data_files));
    return report;
  }
  for (const auto* names : {&log.names, &log.staged}) {
    for (const std::string& name : *names) report.names.push_back("_delta_log/" + name);
  }
  report.names.insert(report.names.end(), vacuum.files.begin(), vacuum.files.end());
  return report;
}

Result<std::map<std::string, CleaningReport>> Maintainer::Clean(bool dry_run, StopToken stop) {
  std::map<std::string, CleaningReport> reports;
  CS_TRY(ForEachTable(lake_, stop, [&](const LakeTable& table) -> Status {
    CS_ASSIGN(reports[table.layout->name], CleanOne(table, dry_run));
    return {};
  }));
  return reports;
}

}  // namespace cryptostream
