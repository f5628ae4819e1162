// Tables made anew from what they are made of. In: the names of damaged or lost tables. Out: the same rows, of those a table is a function of.
//
// A table of windows whose log is sound is compared with the table before it, day by day, as if the files that cannot be read were empty: one
// commit a day takes those out and puts their rows back. So a reader never sees a day without its rows, and the table keeps its id, for all
// who follow it. Silver, and a table without a sound log, is made as a new table by the engine itself; what is made of it follows it, since a
// table's position names the table that it has read. The old ones are moved aside, not deleted: a person decides.
#include "maintain/rebuild.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "base/machine_clock.h"
#include "delta/data_file.h"
#include "delta/lake_place.h"
#include "delta/partition.h"
#include "delta/position.h"
#include "delta/retained_from.h"
#include "lake/commit_once.h"
#include "lake/engine.h"
#include "lake/lineage.h"
#include "maintain/made_table.h"
#include "maintain/rebuild_aside.h"
#include "maintain/recompute.h"
#include "maintain/upgrade.h"
#include "market/columns.h"
#include "verify/start_check.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
using Layouts = std::vector<const TableLayout*>;

const CrashPoint kBeforeCommit("rebuild.before_commit");
const CrashPoint kAfterCommit("rebuild.after_commit");
const CrashPoint kBeforeDone("rebuild.before_done");

constexpr TimeRange kEver{Timestamp::min(), Timestamp::max()};

bool Has(const Layouts& tables, const TableLayout* table) { return std::ranges::find(tables, table) != tables.end(); }

std::string PathOf(const fs::path& root, const TableLayout& layout) {
  return (fs::absolute(root).lexically_normal() / layout.path).string();
}

// The positions of a table whose log can be read; none of another.
Positions PositionsAt(const fs::path& root, const TableLayout& layout) {
  auto table = Table::Open(PathOf(root, layout));
  auto positions = table ? (*table)->Txns() : std::unexpected(table.error());
  return positions ? *positions : Positions();
}

// Whether a table's log can be built upon, and has been read from the table that is before it. Errors: Invalid (the table is not one that
// this program may replace: of a newer format, say), Unavailable.
Result<bool> HasSoundLog(const fs::path& root, const TableLayout& layout) {
  auto refused = [](const Error& error) { return error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kUnavailable; };
  if (Status log = CheckLogBeforeWriting(root, layout); !log) {
    if (refused(log.error())) return std::unexpected(log.error());
    return false;
  }
  auto table = Table::Open(PathOf(root, layout));
  if (!table && refused(table.error())) return std::unexpected(table.error());
  if (!table) return false;
  auto upstream = Table::Open(PathOf(root, *UpstreamOf(layout)->layout));
  return !upstream || CheckLineage(**table, layout, **upstream);  // one that cannot be opened is told of by itself
}

// What a new table takes over of the one that it replaces: what was recorded and cannot be derived.
Positions KeptOf(const Positions& positions) {
  Positions kept;
  for (const auto& [id, value] : positions) {
    if (id.starts_with(AppId("quote/")) || id.starts_with(AppId("order/"))) kept[id] = value;
  }
  return kept;
}

// A file that cannot be read whole.
struct Unreadable {
  DataFile file;
  std::string why;
};

Result<std::vector<Unreadable>> UnreadableFiles(const Table& table, const TableLayout& layout, const RebuildOptions& options,
                                                const StopToken& stop) {
  std::vector<Unreadable> found;
  CS_ASSIGN(std::vector<DataFile> files, table.Files());
  std::size_t done = 0;
  for (DataFile& file : files) {
    if (stop.stop_requested()) return Cancelled("stopped");
    auto rows = ReadDataFile(table.root_path(), file, layout.schema);
    std::string why = !rows ? rows.error().message
                      : (*rows)->num_rows() != file.rows
                          ? fmt::format("has {} rows, the log says {}", (*rows)->num_rows(), file.rows)
                          : "";
    if (!why.empty()) found.push_back({std::move(file), std::move(why)});
    if (options.progress) options.progress(layout.name + ": files", ++done, files.size());
  }
  return found;
}

Status Commit(Lake& lake, const TableLayout& layout, std::chrono::minutes period, Correction correction) {
  if (correction.empty()) return {};
  CommitPlan plan;
  plan.kind = correction.removes.empty() ? CommitKind::kAppend : CommitKind::kReplace;
  plan.operation = layout.name + " rebuild";
  plan.removes = std::move(correction.removes);
  std::vector<GoldRow> rows = std::move(correction.rewritten);
  rows.insert(rows.end(), correction.fresh.begin(), correction.fresh.end());
  CS_ASSIGN(plan.rows, GoldColumns(rows, period));
  kBeforeCommit.Reach();
  CS_TRY(CommitOnce(lake.table(layout), layout, std::move(plan), lake.epoch()));
  kAfterCommit.Reach();
  return {};
}

// The rows of a file that lies before all that can be made again are lost.
Status CheckLosses(const std::vector<Unreadable>& files, const MadeTable& made, const std::string& table, bool accept_loss) {
  for (const Unreadable& each : files) {
    auto day = PartitionDay(each.file);
    if (accept_loss || (day && Timestamp(*day) >= made.whole_from())) continue;
    return Invalid(
        fmt::format("rows of days that retention has dropped would be lost: table={} file={} ({}) (put the file back, or give "
                    "--accept-loss)",
                    table, each.file.path, each.why));
  }
  return {};
}

Result<Rebuilt> RebuildInPlace(Lake& lake, const TableLayout& layout, MadeTable::AsOf as_of, const RebuildOptions& options,
                               bool dry_run, const StopToken& stop) {
  Rebuilt report{.table = layout.name};
  CS_ASSIGN(MadeTable made, MadeTable::Of(lake, layout, as_of));
  if (!made.has_read()) return report;
  CS_ASSIGN(std::vector<Unreadable> unreadable, UnreadableFiles(lake.table(layout), layout, options, stop));
  if (!dry_run) CS_TRY(CheckLosses(unreadable, made, layout.name, options.accept_loss));
  std::set<std::string> without;
  for (const Unreadable& each : unreadable) {
    LogWarn("{}: cannot be read, its rows are made anew: file={} reason={}", layout.name, each.file.path, each.why);
    without.insert(each.file.path);
  }
  report.unreadable = static_cast<std::int64_t>(unreadable.size());
  CS_ASSIGN(std::vector<TimeRange> days, made.Days(kEver));
  std::size_t done = 0;
  for (const TimeRange& day : days) {
    if (stop.stop_requested()) return Cancelled("stopped; the days before are done, the next `rebuild` goes on");
    Correction correction;
    TimeRange whole{std::max(day.from, made.whole_from()), day.to};
    if (whole.from < whole.to) {
      CS_ASSIGN(correction, made.Compare(whole, without));
    }
    report.added += static_cast<std::int64_t>(correction.fresh.size());
    report.changed += correction.changed;
    report.removed += correction.gone;
    for (const Unreadable& each : unreadable) {
      if (PartitionDay(each.file) == DateOf(day.from)) correction.removes.push_back(each.file);
    }
    if (!dry_run) CS_TRY(Commit(lake, layout, made.period(), std::move(correction)));
    if (options.progress) options.progress(layout.name, ++done, days.size());
  }
  return report;
}

// In place, those that are made of others last. What is made of a table that was just mended cannot be compared with the version that it has
// read: that one holds the files that cannot be read.
Result<std::vector<Rebuilt>> RebuildAllInPlace(Lake& lake, const Layouts& tables, const RebuildOptions& options, bool dry_run,
                                               const StopToken& stop) {
  std::vector<Rebuilt> report;
  for (const TableLayout* layout : tables) {
    bool mended = Has(tables, UpstreamOf(*layout)->layout);
    auto as_of = mended ? MadeTable::AsOf::kNewest : MadeTable::AsOf::kRead;
    CS_ASSIGN(Rebuilt done, RebuildInPlace(lake, *layout, as_of, options, dry_run, stop));
    report.push_back(std::move(done));
  }
  return report;
}

// Gives new tables what they take over, before anything is made by it.
Status TakeOver(const LakeOptions& options, const RebuildFolder& folder, const StopToken& stop) {
  CS_ASSIGN(auto lake, OpenUpgraded(options, stop));
  for (const RebuildFolder::Table& table : folder.tables()) {
    if (table.kept.empty()) continue;
    CS_ASSIGN(Positions now, lake->table(*table.layout).Txns());
    if (now.contains(table.kept.begin()->first)) continue;
    CommitPlan plan;
    plan.positions = table.kept;
    plan.operation = table.layout->name + " rebuild";
    CS_TRY(CommitOnce(lake->table(*table.layout), *table.layout, std::move(plan), lake->epoch()));
  }
  return {};
}

// Lets the engine work in all that bronze has, with no source beside it.
Status RunEngine(Lake& lake, const RebuildOptions& options, const StopToken& stop) {
  if (options.progress) options.progress("new tables", 0, 1);
  Engine engine(lake, MachineClock(), {});
  Status drained = engine.Drain(true, stop);
  engine.Stop();
  if (!drained && drained.error().kind == ErrorKind::kCancelled) {
    return Cancelled("stopped; the next `rebuild`, or start, goes on");
  }
  if (drained && options.progress) options.progress("new tables", 1, 1);
  return drained;
}

Result<std::vector<Rebuilt>> RowsOf(Lake& lake, const Layouts& tables) {
  std::vector<Rebuilt> report;
  for (const TableLayout* layout : tables) {
    CS_ASSIGN(std::vector<DataFile> files, lake.table(*layout).Files());
    Rebuilt made{.table = layout->name, .anew = true};
    for (const DataFile& file : files) made.added += file.rows;
    report.push_back(std::move(made));
  }
  return report;
}

Result<RebuildFolder> FolderFor(const fs::path& root, const RebuildPlan& plan) {
  CS_ASSIGN(std::optional<RebuildFolder> unfinished, RebuildFolder::Unfinished(root));
  if (unfinished) return *std::move(unfinished);
  std::vector<RebuildFolder::Table> tables;
  for (const TableLayout* layout : plan.anew) {
    std::error_code error;
    if (fs::exists(root / layout->path, error)) tables.push_back({layout, KeptOf(PositionsAt(root, *layout))});
  }
  return RebuildFolder::Make(root, std::move(tables));
}

LakeOptions WithDamage(LakeOptions lake, const Layouts& in_place) {
  for (const TableLayout* layout : in_place) lake.damaged.insert(layout->name);
  return lake;
}

}  // namespace

const Layouts& RebuildableTables() {
  static const Layouts tables = [] {
    Layouts all{&SilverLayout(), &SourcesLayout()};
    for (const DerivedTable* table : DerivedTables()) all.push_back(table->layout);
    return all;
  }();
  return tables;
}

Result<RebuildPlan> PlanRebuild(const fs::path& root, const Layouts& tables) {
  RebuildPlan plan;
  CS_ASSIGN(std::optional<RebuildFolder> unfinished, RebuildFolder::Unfinished(root));
  if (unfinished) {
    for (const RebuildFolder::Table& table : unfinished->tables()) plan.anew.push_back(table.layout);
    plan.resumes = unfinished->path().string();
    return plan;
  }
  for (const TableLayout* layout : RebuildableTables()) {
    if (LiesInFormerPlace(root, *layout)) {
      return Invalid("the lake is of an earlier format: `cryptostream upgrade` comes first: root=" + root.string());
    }
    const bool named = Has(tables, layout);
    const TableLayout* upstream = UpstreamOf(*layout)->layout;
    CS_ASSIGN(bool sound, HasSoundLog(root, *layout));
    if (named && layout != &SilverLayout() && sound && !Has(plan.anew, upstream)) {
      plan.in_place.push_back(layout);
    } else if (named || Has(plan.anew, upstream)) {
      plan.anew.push_back(layout);
    }
  }
  for (const TableLayout* layout : plan.anew) {
    const TableLayout* upstream = UpstreamOf(*layout)->layout;
    if (Has(plan.anew, upstream)) continue;
    if (Status sound = CheckLogBeforeWriting(root, *upstream); !sound) return std::unexpected(sound.error());
  }
  for (const TableLayout* layout : plan.anew) {
    const TableLayout& upstream = *UpstreamOf(*layout)->layout;
    Timestamp from = RetainedFrom(PositionsAt(root, upstream));
    if (from == Timestamp::min()) continue;
    plan.losses.push_back(fmt::format("{}: what it has of days before {}, which {} has dropped", layout->name,
                                      FormatDate(DateOf(from)), upstream.name));
  }
  return plan;
}

Result<std::vector<Rebuilt>> DryRebuild(const LakeOptions& options, const RebuildOptions& rebuild, StopToken stop) {
  CS_ASSIGN(RebuildPlan plan, PlanRebuild(options.root, rebuild.tables));
  for (const std::string& loss : plan.losses) LogWarn("would be lost: {}", loss);
  std::vector<Rebuilt> report;
  if (!plan.in_place.empty() && plan.anew.empty()) {
    CS_ASSIGN(auto lake, OpenUpgraded(WithDamage(options, plan.in_place), stop));
    CS_ASSIGN(report, RebuildAllInPlace(*lake, plan.in_place, rebuild, true, stop));
  } else {
    for (const TableLayout* layout : plan.in_place) report.push_back({.table = layout->name});
  }
  for (const TableLayout* layout : plan.anew) report.push_back({.table = layout->name, .anew = true});
  return report;
}

Result<std::vector<Rebuilt>> Rebuild(const LakeOptions& options, const RebuildOptions& rebuild, StopToken stop,
                                     std::string& aside) {
  std::optional<RebuildFolder> folder;
  RebuildPlan plan;
  {
    CS_ASSIGN(FileLock lock, FileLock::Acquire(options.root + "/.cryptostream.lock"));
    CS_ASSIGN(plan, PlanRebuild(options.root, rebuild.tables));
    if (!plan.losses.empty() && !rebuild.accept_loss) {
      return Invalid(fmt::format("rows would be lost, nothing was done: {} (give --accept-loss if that may be)",
                                 fmt::join(plan.losses, "; ")));
    }
    if (!plan.resumes.empty()) LogInfo("going on with the rebuild that was cut off: {}", plan.resumes);
    if (!plan.anew.empty()) {
      CS_ASSIGN(folder, FolderFor(options.root, plan));
      CS_TRY(folder->TakeTables());
    }
  }
  const LakeOptions with_damage = WithDamage(options, plan.in_place);
  if (folder) CS_TRY(TakeOver(with_damage, *folder, stop));
  CS_ASSIGN(auto lake, OpenUpgraded(with_damage, stop));
  CS_ASSIGN(std::vector<Rebuilt> report, RebuildAllInPlace(*lake, plan.in_place, rebuild, false, stop));
  if (plan.anew.empty()) {
    CS_TRY(FollowGold(*lake, stop));
    return report;
  }
  CS_TRY(RunEngine(*lake, rebuild, stop));
  CS_ASSIGN(std::vector<Rebuilt> made, RowsOf(*lake, plan.anew));
  std::ranges::move(made, std::back_inserter(report));
  kBeforeDone.Reach();
  CS_ASSIGN(fs::path done, folder->Finish());
  if (!folder->tables().empty()) aside = done.string();
  return report;
}

}  // namespace cryptostream
