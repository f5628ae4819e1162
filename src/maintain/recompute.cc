// Windows made anew by order, for when gold was changed from outside or a fault of ours is repaired. In: silver as gold has consumed
// it. Out: replacements, day by day, so that memory holds one day of windows and an interruption leaves whole days behind.
//
// The tables behind gold's windows are not recomputed here: their own stages are run until they have followed to what was just committed
// and have made the range again. Such a table's position names the version that it was made of and moves with it.
#include "maintain/recompute.h"

#include <arrow/api.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <unordered_map>

#include "delta/partition.h"
#include "delta/position.h"
#include "lake/commit_once.h"
#include "lake/correction.h"
#include "lake/cut_log.h"
#include "lake/derived_rows.h"
#include "lake/derived_stage.h"
#include "lake/stage.h"
#include "maintain/retention.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{5};

using Closed = std::map<Name, Timestamp>;

bool IsClosed(const WindowKey& key, const Closed& closed, std::chrono::minutes length) {
  auto found = closed.find(key.source);
  return found != closed.end() && key.start + length <= found->second;
}

// Silver at gold's position. Later versions without rows (compactions) are the same rows in files that still exist.
Result<TableView> SilverAt(Lake& lake, Version consumed) {
  TableView view = lake.silver().view();
  auto later = lake.silver().CommitsAfter(consumed, 1'000);
  bool same =
      later && std::ranges::all_of(*later, [](const auto& commit) { return commit.adds.empty() && commit.removes.empty(); });
  if (same && (later->empty() || later->back().version == view.snapshot->version())) return view;
  auto at = lake.silver().SnapshotWithRowsOf(consumed);
  if (!at && at.error().kind == ErrorKind::kNotFound) CS_TRY(CheckNotCut(lake.silver(), consumed, LogNeed::kTableAt));
  CS_ASSIGN(view.snapshot, std::move(at));
  return view;
}

// The part of the range from `whole_from` on.
TimeRange From(Timestamp whole_from, TimeRange range) {
  range.from = std::max(range.from, whole_from);
  return {range.from, std::max(range.from, range.to)};
}

// The days of the range in which either table has files.
Result<std::set<Date>> Days(const TableView& silver, const TableView& gold, TimeRange range) {
  std::set<Date> days;
  for (const TableView* table : {&silver, &gold}) {
    CS_ASSIGN(std::vector<DataFile> files, table->snapshot->Files());
    for (const DataFile& file : files) {
      auto day = PartitionDay(file);
      if (day && Timestamp(*day) < range.to && Timestamp(*day) + std::chrono::days(1) > range.from) days.insert(*day);
    }
  }
  return days;
}

Status Commit(Lake& lake, CommitKind kind, const std::vector<GoldRow>& rows, std::vector<DataFile> removes, const Positions& at) {
  if (rows.empty() && removes.empty()) return {};
  CommitPlan plan;
  plan.kind = kind;
  plan.positions = at;
  CS_ASSIGN(Positions now, lake.sources().Txns());
  plan.expected = StandingBefore(now, at);
  plan.operation = kind == CommitKind::kAppend ? "gold recompute append" : "gold recompute";
  plan.removes = std::move(removes);
  CS_ASSIGN(plan.rows, GoldColumns(rows));
  CS_TRY(CommitOnce(lake.sources(), SourcesLayout(), std::move(plan), lake.epoch()));
  return {};
}

// One day of gold, or the part of it that lies in the range.
Status RecomputeDay(Lake& lake, const TableView& silver, const Closed& closed, TimeRange range, const RecomputeOptions& options,
                    Recomputed& report) {
  std::unordered_map<WindowKey, WindowAccumulator> sums;
  CS_TRY(ReadSilver(silver, lake.quotes(), range, [&](const std::vector<Tick>& ticks) -> Status {
    for (const Tick& tick : ticks) {
      WindowKey key = WindowOf(tick);
      if (IsClosed(key, closed, kWindow)) sums[key].Add(tick);
    }
    return {};
  }));
  WindowRows rows;
  std::set<WindowKey> keys;
  for (const auto& [key, sum] : sums) {
    rows.emplace(key, sum.Finish(key));
    keys.insert(key);
  }
  TableView gold = lake.sources().view();
  CS_TRY(VisitKeys(gold, lake.quotes(), range, [&](const WindowKey& key) { keys.insert(key); }));
  CS_ASSIGN(Correction correction, PlanReplacement(gold, lake.quotes(), keys, rows));
  report.added += static_cast<std::int64_t>(correction.fresh.size());
  report.changed += correction.changed;
  report.removed += correction.gone;
  if (options.dry_run) return {};
  Positions done;
  if (!options.position_id.empty()) done[options.position_id] = ToMicros(range.to);
  bool last = correction.removes.empty();
  CS_TRY(Commit(lake, CommitKind::kAppend, correction.fresh, {}, last ? done : Positions()));
  return Commit(lake, CommitKind::kReplace, correction.rewritten, std::move(correction.removes), done);
}

Result<Recomputed> RecomputeSources(Lake& lake, const RecomputeOptions& options, StopToken stop) {
  Recomputed report{.table = SourcesLayout().name};
  CS_ASSIGN(Positions positions, lake.sources().Txns());
  Version consumed = PositionOr(positions, GoldPositionId(lake.silver().id()), kNoVersion);
  if (consumed == kNoVersion) return report;
  const Closed closed = ClosedTimes(positions);
  CS_ASSIGN(TableView silver, SilverAt(lake, consumed));
  Timestamp last = WindowStart(options.range.to - std::chrono::microseconds(1));
  CS_ASSIGN(Positions upstream, lake.silver().Txns());
  TimeRange range = From(WholeFrom(upstream, positions), {WindowStart(options.range.from), last + kWindow});
  if (auto done = positions.find(options.position_id); done != positions.end()) range = From(FromMicros(done->second), range);
  CS_ASSIGN(std::set<Date> days, Days(silver, lake.sources().view(), range));
  std::size_t done = 0;
  for (Date day : days) {
    if (stop.stop_requested()) return Cancelled("stopped; the days before are done: next=" + FormatDate(day));
    TimeRange part{std::max(range.from, Timestamp(day)), std::min(range.to, Timestamp(day) + std::chrono::days(1))};
    CS_TRY(RecomputeDay(lake, silver, closed, part, options, report));
    if (options.progress) options.progress(++done, days.size());
  }
  return report;
}

// Runs the stage of a derived table until it stands at upstream's newest version and has made the range again.
Result<Recomputed> FollowWith(Lake& lake, const DerivedTable& table, std::optional<TimeRange> range, StopToken stop) {
  DerivedStage logic(lake, table);
  std::mutex mutex;
  std::optional<Error> fatal;
  Stage stage(lake, logic, nullptr, [&](const Error& error) {
    std::lock_guard lock(mutex);
    fatal = error;
  });
  if (range) logic.RequestRecompute(*range);
  logic.RequestAll(false);
  stage.Start();
  while (!logic.RecomputeDone() || !logic.AllDone() || logic.done() < lake.table(*table.upstream).version()) {
    {
      std::lock_guard lock(mutex);
      if (fatal) return std::unexpected(*fatal);
    }
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped; the next start brings the tables behind gold's up to date");
  }
  stage.Stop();
  return Recomputed{table.layout->name, logic.added(), logic.changed(), logic.removed()};
}

// Where the closed time of a row's period stands.
Name ClosedBy(const DerivedTable& table, const WindowKey& key) {
  return table.rows == RowPer::kCoin ? Name(kChosen) : key.source;
}

// What a derived table lacks of the one before it as that is now.
Result<Recomputed> CompareDerived(Lake& lake, const DerivedTable& of, TimeRange range) {
  Recomputed report{.table = of.layout->name};
  TableView table = lake.derived(of).view(), upstream = lake.table(*of.upstream).view();
  CS_ASSIGN(Positions positions, lake.table(*of.upstream).Txns());
  CS_ASSIGN(Positions own, lake.derived(of).Txns());
  const Closed closed = ClosedTimes(own);
  const SourceOrders orders = OrdersOf(of.upstream == &GoldLayout() ? positions : own);
  Timestamp last = PeriodStart(range.to - std::chrono::microseconds(1), of.period);
  TimeRange whole = From(WholeFrom(positions, own), {PeriodStart(range.from, of.period), last + of.period});
  std::set<WindowKey> periods, keys;
  CS_TRY(VisitKeys(upstream, lake.quotes(), whole, [&](const WindowKey& key) {
    auto found = closed.find(ClosedBy(of, key));
    WindowKey period = of.KeyOf(key);
    if (found != closed.end() && period.start + of.period <= found->second) periods.insert(period);
  }));
  keys = periods;
  CS_TRY(VisitKeys(table, lake.quotes(), whole, [&](const WindowKey& key) { keys.insert(KeyFor(of.rows, key)); }));
  CS_ASSIGN(WindowRows rows, MakeRows(upstream, {of, lake.quotes(), orders}, periods));
  CS_ASSIGN(Correction correction, PlanReplacement(table, lake.quotes(), keys, rows, of.rows));
  report.added = static_cast<std::int64_t>(correction.fresh.size());
  report.changed = correction.changed;
  report.removed = correction.gone;
  return report;
}

}  // namespace

Result<std::vector<Recomputed>> Recompute(Lake& lake, const RecomputeOptions& options, StopToken stop) {
  std::vector<Recomputed> report;
  CS_ASSIGN(Recomputed sources, RecomputeSources(lake, options, stop));
  report.push_back(std::move(sources));
  for (const DerivedTable* table : DerivedTables()) {
    auto done = options.dry_run ? CompareDerived(lake, *table, options.range) : FollowWith(lake, *table, options.range, stop);
    if (!done) return std::unexpected(done.error());
    report.push_back(*std::move(done));
  }
  return report;
}

Result<std::vector<Recomputed>> FollowGold(Lake& lake, StopToken stop) {
  std::vector<Recomputed> report;
  for (const DerivedTable* table : DerivedTables()) {
    CS_ASSIGN(Recomputed done, FollowWith(lake, *table, std::nullopt, stop));
    report.push_back(std::move(done));
  }
  return report;
}

}  // namespace cryptostream
