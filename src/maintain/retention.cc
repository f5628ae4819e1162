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
  CS_ASSIGN(Positions gold, lake.sources().Txns());
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

// The first day of a table of windows with an end that the tables made of it do not have yet: the last hour and day of a source are
// written once gold has closed the rest of the day (GoldStage::CloseEndedDays), and rows are chosen once the sources that keep up have
// come as far. Date::max() if there is none.
Result<Date> FirstUnmadeDay(Lake& lake, const LakeTable& table) {
  CS_ASSIGN(Positions own, table.table->Txns());
  Date first = Date::max();
  for (const DerivedTable* each : DerivedTables()) {
    if (each->upstream != table.layout) continue;
    CS_ASSIGN(Positions made, lake.derived(*each).Txns());
    const bool chooses = each == &ChosenMinutes();
    for (const auto& [source, closed] : PositionsBelow(own, ClosedId(""))) {
      std::string id = ClosedId(chooses ? kChosen : source);
      Timestamp end = FromMicros(std::min(closed, PositionOr(made, id, closed)));
      bool behind = chooses ? end < FromMicros(closed) : end != std::chrono::floor<std::chrono::days>(end);
      if (behind && end > RetainedFrom(own)) first = std::min(first, DateOf(end));
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
  CS_ASSIGN(Date unmade, FirstUnmadeDay(lake, table));
  plan.before = std::min(plan.before, unmade);
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
