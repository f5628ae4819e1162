// Opening a lake: take the lock, open or make the tables, refuse what is not ours, count the start. Everything else that
// a start needs (positions, open windows, the memory for duplicates) each stage reads from its own table.
#include "lake/lake.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/system_error.h"
#include "delta/lake_place.h"
#include "delta/position.h"
#include "lake/lineage.h"
#include "verify/start_check.h"

namespace cryptostream {
namespace {

const CrashPoint kAfterLock("lake.after_lock");
const CrashPoint kAfterOpen("lake.after_open");
const CrashPoint kBeforeMove("upgrade.before_move");
const CrashPoint kAfterMove("upgrade.after_move");

namespace fs = std::filesystem;

// A duration as Delta's properties have it, in the largest unit that holds it exactly.
std::string Interval(std::chrono::milliseconds duration) {
  const std::pair<std::int64_t, const char*> units[] = {{3'600'000, "hours"}, {60'000, "minutes"}, {1000, "seconds"}};
  for (const auto& [ms, unit] : units) {
    if (duration.count() % ms == 0) return "interval " + std::to_string(duration.count() / ms) + " " + unit;
  }
  return "interval " + std::to_string(duration.count()) + " milliseconds";
}

}  // namespace

std::vector<LakeTable> Lake::Tables() {
  std::vector<LakeTable> tables;
  for (const TableLayout* layout : AllLayouts()) {
    if (auto found = tables_.find(layout); found != tables_.end()) tables.push_back({found->second.get(), layout});
  }
  return tables;
}

Result<std::unique_ptr<Table>> Lake::OpenTable(const TableLayout& layout, Formats formats) {
  TableSpec spec;
  spec.uri = options_.root + "/" + (LiesInFormerPlace(options_.root, layout) ? layout.former_path : layout.path);
  spec.schema = layout.schema;
  spec.partition_columns = layout.partition_columns;
  spec.properties = DefaultTableProperties(*layout.schema, layout.partition_columns);
  spec.properties["delta.logRetentionDuration"] = Interval(options_.maintenance.log_retention);
  spec.properties["delta.deletedFileRetentionDuration"] = Interval(options_.maintenance.file_retention);
  spec.fsync = options_.fsync;
  if (layout.path.starts_with("gold/")) spec.commits.insert(CommitKind::kReplace);
  auto age = options_.maintenance.retain.find(layout.name);
  if (age != options_.maintenance.retain.end() && age->second > age->second.zero()) spec.commits.insert(CommitKind::kDelete);
  auto table = Table::OpenOrCreate(spec);
  if (!table) {
    Error error = std::move(table).error();
    error.message = "cannot open table " + layout.name + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  if (!(*table)->properties().contains(kFormatProperty)) {
    return Invalid("the storage was written by another program: table=" + spec.uri +
                   " (choose another --storage; `cryptostream import` takes over an original installation)");
  }
  if (int format = FormatOf((*table)->properties()); formats == Formats::kNewest && format < kTableFormat) {
    return Invalid(
        fmt::format("the lake is of an earlier format: format={} wanted={} table={} (`cryptostream upgrade` brings it on)",
                    format, kTableFormat, spec.uri));
  }
  return table;
}

// Opens or makes those that are not open yet. While one lies in the place of another, none is chosen.
Status Lake::OpenTables(Formats formats) {
  const std::vector<const TableLayout*> all = AllLayouts(), chosen{&GoldLayout(), &GoldHourLayout(), &GoldDayLayout()};
  bool former = std::ranges::any_of(all, [&](const TableLayout* layout) { return LiesInFormerPlace(options_.root, *layout); });
  for (const TableLayout* layout : all) {
    if (tables_.contains(layout) || (former && std::ranges::find(chosen, layout) != chosen.end())) continue;
    CS_ASSIGN(tables_[layout], OpenTable(*layout, formats));
  }
  return {};
}

Status Lake::TakePlaces() {
  for (const TableLayout* layout : AllLayouts()) {
    if (!LiesInFormerPlace(options_.root, *layout)) continue;
    fs::path from = fs::path(options_.root) / layout->former_path, to = fs::path(options_.root) / layout->path;
    CS_TRY(MakeDirsDurable(to.parent_path()));
    tables_.erase(layout);
    kBeforeMove.Reach();
    std::error_code error;
    fs::remove(to / "_delta_log", error);  // empty, left by a start that ended before the table was there
    fs::remove(to, error);
    fs::rename(from, to, error);
    if (error) {
      return Unavailable("cannot move a table to its place: from=" + from.string() + " to=" + to.string() +
                         " reason=" + SystemReason(error.value()));
    }
    CS_TRY(FsyncPath(to.parent_path()));
    CS_TRY(FsyncPath(from.parent_path()));
    kAfterMove.Reach();
  }
  return OpenTables(Formats::kAny);
}

Status Lake::CheckLineages() {
  for (const LakeTable& each : Tables()) {
    auto upstream = UpstreamOf(*each.layout);
    if (upstream) CS_TRY(CheckLineage(*each.table, *each.layout, table(*upstream->layout)));
  }
  return {};
}

Result<std::unique_ptr<Lake>> Lake::Open(const LakeOptions& options, Formats formats) {
  std::unique_ptr<Lake> lake(new Lake(options));
  CS_TRY(MakeDirsDurable(options.root));
  CS_ASSIGN(lake->lock_, FileLock::Acquire(options.root + "/.cryptostream.lock"));
  CS_TRY(CheckBeforeWriting(options.root, options.damaged));
  kAfterLock.Reach();
  CS_TRY(lake->OpenTables(formats));
  for (const LakeTable& each : lake->Tables()) {
    CS_ASSIGN(Positions positions, each.table->Txns());
    lake->epoch_ = std::max(lake->epoch_, PositionOr(positions, EpochId(), 0));
  }
  ++lake->epoch_;
  CS_ASSIGN(Positions silver, lake->silver().Txns());
  lake->quotes_ = QuotesOf(silver, options.quotes);
  CS_TRY(lake->CheckLineages());
  kAfterOpen.Reach();
  return lake;
}

}  // namespace cryptostream
