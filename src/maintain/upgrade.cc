// A lake of an earlier format becomes one of this program's. In: the lake's lock and its tables as they are. Out: tables that say the
// newest format, and rows as it has them. A step for each format; each first describes every table anew, so that an older program
// refuses the lake before a row is in it that it would not understand, then works on the rows. What is done is told by the tables
// alone: their format, and a position of gold that a step's work on the rows moves on. So whoever is killed goes on there.
//
// Old files stay as they are: a column that they lack is null (docs/upgrade.md).
#include "maintain/upgrade.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/crash_point.h"
#include "base/log.h"
#include "delta/partition.h"
#include "delta/position.h"
#include "lake/commit_once.h"
#include "maintain/recompute.h"
#include "query/storage_kind.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const CrashPoint kBeforeTable("upgrade.before_table");
const CrashPoint kAfterTable("upgrade.after_table");
const CrashPoint kBeforeRows("upgrade.before_rows");
const CrashPoint kBeforeDone("upgrade.before_done");
const CrashPoint kAfterDone("upgrade.after_done");

constexpr std::int64_t kSpareBytes = 64 << 20;  // for commits, checkpoints and whoever else writes to the disk

// A table as an upgrade looks at it.
struct Seen {
  const TableLayout* layout = nullptr;
  std::shared_ptr<const Snapshot> snapshot;
};

// Until when gold's rows are as the format has them; kUpgraded where nothing is left.
Result<std::int64_t> RowsDone(const Snapshot& gold, int format) {
  if (FormatOf(gold.properties()) < format) return 0;
  CS_ASSIGN(Positions positions, gold.Txns());
  return PositionOr(positions, UpgradedId(format), kUpgraded);  // a table that was made with the format has none
}

// The days of gold that are not compared yet. None left: the rollups may be.
Result<std::size_t> DaysToCompare(const Snapshot& gold) {
  CS_ASSIGN(std::int64_t done, RowsDone(gold, kMeansRoundedOnce));
  if (done == kUpgraded) return 0;
  CS_ASSIGN(std::vector<DataFile> files, gold.Files());
  std::set<Date> days;
  for (const DataFile& file : files) {
    auto day = PartitionDay(file);
    if (day && Timestamp(*day) >= FromMicros(done)) days.insert(*day);
  }
  return std::max<std::size_t>(days.size(), 1);
}

Result<UpgradePlan> Plan(const std::vector<Seen>& tables) {
  UpgradePlan plan{.from = kTableFormat};
  std::int64_t gold_bytes = 0;
  bool compares = false;
  for (const Seen& seen : tables) {
    TableUpgrade table{.table = seen.layout->name, .format = FormatOf(seen.snapshot->properties())};
    plan.from = std::min(plan.from, table.format);
    for (const std::string& name : seen.layout->schema->field_names()) {
      if (!seen.snapshot->schema()->GetFieldByName(name)) table.columns.push_back(name);
    }
    if (seen.layout == &GoldLayout()) {
      CS_ASSIGN(table.days, DaysToCompare(*seen.snapshot));
      compares = table.days > 0;
    }
    if (seen.layout->path.starts_with("gold/")) {
      CS_ASSIGN(std::vector<DataFile> files, seen.snapshot->Files());
      for (const DataFile& file : files) gold_bytes += file.size_bytes;
    }
    if (table.format < kTableFormat || table.days > 0) plan.tables.push_back(std::move(table));
  }
  if (compares) plan.room_bytes = gold_bytes;
  return plan;
}

Result<UpgradePlan> Plan(Lake& lake) {
  std::vector<Seen> tables;
  for (const LakeTable& each : lake.Tables()) tables.push_back({each.layout, each.table->snapshot()});
  return Plan(tables);
}

// A disk that fills up half way does no harm, but whoever waits for it should know before.
Status CheckRoom(const std::string& root, const UpgradePlan& plan) {
  std::error_code error;
  fs::space_info space = fs::space(root, error);
  std::int64_t wanted = plan.room_bytes + kSpareBytes;
  if (error || static_cast<std::uintmax_t>(wanted) <= space.available) return {};
  constexpr double kMb = 1e6;
  return Unavailable(
      fmt::format("too little room to upgrade the lake: path={} free={:.0f}MB wanted={:.0f}MB (make room; nothing was "
                  "changed)",
                  root, static_cast<double>(space.available) / kMb, static_cast<double>(wanted) / kMb));
}

// Says of a table that it is of a format, with the columns that this takes. Gold's row work begins with it.
Status Describe(Lake& lake, const LakeTable& each, int format) {
  const TableLayout& layout = *each.layout;
  if (FormatOf(each.table->properties()) >= format) return {};
  kBeforeTable.Reach();
  auto schema = SchemaOfFormat(layout, format);
  arrow::FieldVector missing;
  for (const auto& field : schema->fields()) {
    if (!each.table->schema()->GetFieldByName(field->name())) missing.push_back(field);
  }
  auto statistics = DefaultTableProperties(*schema, layout.partition_columns).extract("delta.dataSkippingStatsColumns");
  CommitPlan plan;
  plan.kind = CommitKind::kDescribe;
  plan.operation = "upgrade";
  plan.add_columns = arrow::schema(std::move(missing));
  const auto& properties = each.table->properties();
  auto made = properties.find(kMadeProperty);
  plan.properties[kMadeProperty] = made == properties.end() ? std::to_string(FormatOf(properties)) : made->second;
  plan.properties.insert({{kFormatProperty, std::to_string(format)}, {statistics.key(), statistics.mapped()}});
  if (each.table == &lake.gold() && format == kMeansRoundedOnce) plan.positions[UpgradedId(format)] = 0;
  CS_TRY(CommitOnce(*each.table, layout, std::move(plan), lake.epoch()));
  kAfterTable.Reach();
  return {};
}

// Makes gold's rows, and the rollups', those that this program would write.
Status CompareGold(Lake& lake, const UpgradeProgress& progress, StopToken stop) {
  CS_ASSIGN(std::int64_t done, RowsDone(*lake.gold().snapshot(), kMeansRoundedOnce));
  if (done == kUpgraded) return {};
  kBeforeRows.Reach();
  RecomputeOptions options{.range = {FromMicros(0), FromMicros(kUpgraded)}};
  options.position_id = UpgradedId(kMeansRoundedOnce);
  options.progress = progress;
  CS_ASSIGN(std::vector<Recomputed> report, Recompute(lake, options, stop));
  for (const Recomputed& table : report) {
    LogInfo("{}: rows added={} changed={} removed={}", table.table, table.added, table.changed, table.removed);
  }
  kBeforeDone.Reach();
  CommitPlan plan;
  plan.operation = "upgrade";
  plan.positions[options.position_id] = kUpgraded;
  CS_ASSIGN(Positions now, lake.gold().Txns());
  plan.expected = StandingBefore(now, plan.positions);
  CS_TRY(CommitOnce(lake.gold(), GoldLayout(), std::move(plan), lake.epoch()));
  kAfterDone.Reach();
  return {};
}

Status Upgrade(Lake& lake, StopToken stop, const UpgradeProgress& progress) {
  CS_ASSIGN(UpgradePlan plan, Plan(lake));
  if (!plan.needed()) return {};
  CS_TRY(CheckRoom(lake.options().root, plan));
  LogInfo("upgrading the lake {} {}", lake.options().root, plan.Words());
  for (int format = plan.from + 1; format <= kTableFormat; ++format) {
    for (const LakeTable& each : lake.Tables()) CS_TRY(Describe(lake, each, format));
  }
  CS_TRY(CompareGold(lake, progress, stop));
  LogInfo("upgraded the lake {} to format {}", lake.options().root, kTableFormat);
  return {};
}

}  // namespace

std::string UpgradePlan::Words() const {
  std::vector<std::string> what;
  for (const TableUpgrade& table : tables) {
    if (!table.columns.empty()) what.push_back(fmt::format("{} gets {}", table.table, fmt::join(table.columns, ", ")));
    if (table.days > 0) what.push_back(fmt::format("{} days of {} are compared with silver", table.days, table.table));
  }
  return fmt::format("{}{}{}", from < kTableFormat ? fmt::format("from format {} to {}", from, kTableFormat) : "that was begun",
                     what.empty() ? "" : ": ", fmt::join(what, "; "));
}

Result<UpgradePlan> PlanUpgrade(const fs::path& root) {
  CS_TRY(CheckIsLake(root));
  std::vector<Seen> tables;
  for (const TableLayout* layout : AllLayouts()) {
    auto table = Table::Open((fs::absolute(root).lexically_normal() / layout->path).string());
    if (!table && table.error().kind == ErrorKind::kNotFound) continue;  // the next start makes it
    if (!table) return std::unexpected(table.error());
    tables.push_back({layout, (*table)->snapshot()});
  }
  return Plan(tables);
}

Result<std::unique_ptr<Lake>> OpenUpgraded(const LakeOptions& options, StopToken stop, const UpgradeProgress& progress) {
  CS_ASSIGN(auto lake, Lake::Open(options, Lake::Formats::kAny));
  CS_TRY(Upgrade(*lake, stop, progress));
  return lake;
}

}  // namespace cryptostream
