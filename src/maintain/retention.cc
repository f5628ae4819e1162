// Retention. In: an age for a table. Out: one commit without the days that are older. Whole partitions only: a day is there or it is not, so that
// every reader can tell which. What a stage still has to read stays, and so does a silver day with an open
// window and a gold day with the end of a source: its row in the next table is not written yet.
// docs/decisions says what becomes of rows that come later still.
#include "maintain/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/crash_point.h"
#include "lake/commit_once.h"
#include "lake/floor.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeCommit("retention.before_commit");
const CrashPoint kAfterCommit("retention.after_commit");

// The day of a partition: `date`, or `year`, `month` and `day`; nullopt if it is none of ours.
std::optional<Date> DayOf(const DataFile& file) {
  int year = 0, month = 0, day = 0;
  for (const PartitionValue& part : file.partition) {
    if (!part.value) return std::nullopt;
    if (part.name == "date") {
      auto parsed = ParseRfc3339(*part.value + "T00:00:00Z");
      return parsed ? std::optional(DateOf(*parsed)) : std::nullopt;
    }
    int value = std::atoi(part.value->c_str());
    (part.name == "year" ? year : part.name == "month" ? month : day) = value;
  }
  std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                  std::chrono::day(static_cast<unsigned>(day))};
  return ymd.ok() ? std::optional(Date(ymd)) : std::nullopt;
}

// The first day of silver that holds a window that gold has not closed: nothing from it on may go. Date::max() if all are closed.
Result<Date> FirstOpenDay(Lake& lake) {
  CS_ASSIGN(Positions silver, lake.silver().Txns());
  CS_ASSIGN(Positions gold, lake.gold().Txns());
  Date first = Date::max();
  for (const auto& [id, newest] : silver) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    auto closed = gold.find(ClosedId(key->first.str()));
    if (closed == gold.end()) return Date::min();
    if (newest >= closed->second) first = std::min(first, DateOf(FromMicros(closed->second)));
  }
  return first;
}

// The first day of gold with the end of a source that the rollups have not folded: its last hour and day are
// written once gold has closed the rest of the day (GoldStage::CloseEndedDays). Date::max() if there is none.
Result<Date> FirstUnfoldedDay(Lake& lake) {
  CS_ASSIGN(Positions gold, lake.gold().Txns());
  Date first = Date::max();
  for (const RollupTable* rollup : {&HourlyRollup(), &DailyRollup()}) {
    CS_ASSIGN(Positions folded, lake.rollup(*rollup).Txns());
    for (const auto& [id, closed] : gold) {
      if (!id.starts_with(ClosedId(""))) continue;
      Timestamp end = FromMicros(std::min(closed, PositionOr(folded, id, closed)));
      bool dropped = end <= RetainedFrom(gold);
      if (!dropped && end != std::chrono::floor<std::chrono::days>(end)) first = std::min(first, DateOf(end));
    }
  }
  return first;
}

}  // namespace

Result<RetentionPlan> PlanRetention(Lake& lake, const LakeTable& table, std::chrono::milliseconds age, Timestamp now) {
  RetentionPlan plan;
  plan.before = DateOf(now - age);
  if (table.table == &lake.silver()) {
    CS_ASSIGN(Date open, FirstOpenDay(lake));
    plan.before = std::min(plan.before, open);
  }
  if (table.table == &lake.gold()) {
    CS_ASSIGN(Date unfolded, FirstUnfoldedDay(lake));
    plan.before = std::min(plan.before, unfolded);
  }
  CS_ASSIGN(Version floor, FloorOf(lake, *table.table));
  if (floor == kNoVersion) return plan;
  std::set<std::string> read;
  CS_ASSIGN(auto at_floor, table.table->SnapshotWithRowsOf(floor));
  CS_ASSIGN(std::vector<DataFile> known, at_floor->Files());
  for (DataFile& file : known) read.insert(std::move(file.path));
  CS_ASSIGN(std::vector<DataFile> files, table.table->Files());
  for (const DataFile& file : files) {  // a day that somebody has not read whole stays, with all that come after it
    auto day = DayOf(file);
    if (day && *day < plan.before && !read.contains(file.path)) plan.before = *day;
  }
  for (DataFile& file : files) {
    auto day = DayOf(file);
    if (!day || *day >= plan.before) continue;
    plan.rows += std::max<std::int64_t>(0, file.rows);
    plan.bytes += file.size_bytes;
    plan.files.push_back(std::move(file));
  }
  return plan;
}

Result<Version> ApplyRetention(Lake& lake, const LakeTable& table, const RetentionPlan& plan) {
  RewritePlan rewrite;
  rewrite.kind = CommitKind::kDelete;
  rewrite.removes = plan.files;
  rewrite.operation = kRetentionOperation;
  rewrite.commit_info = {{"before", FormatDate(plan.before)}};
  CS_ASSIGN(Positions now, table.table->Txns());
  rewrite.positions[RetainedFromId()] =
      std::max(PositionOr(now, RetainedFromId(), ToMicros(Timestamp(plan.before))), ToMicros(Timestamp(plan.before)));
  kBeforeCommit.Reach();
  CS_ASSIGN(Version version, CommitRewrite(*table.table, *table.layout, rewrite, lake.epoch()));
  kAfterCommit.Reach();
  return version;
}

}  // namespace cryptostream
