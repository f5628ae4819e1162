// Windows made anew by order, for when gold was changed from outside or a fault of ours is repaired. In: silver as gold has consumed
// it. Out: replacements, day by day, so that memory holds one day of windows and an interruption leaves whole days behind.
//
// The tables behind gold's windows are not recomputed here: their own stages are run until they have followed to what was just committed
// and have made the range again. Such a table's position names the version that it was made of and moves with it.
#include "maintain/recompute.h"

#include <algorithm>
#include <optional>

#include "delta/position.h"
#include "lake/commit_once.h"
#include "lake/derived_stage.h"
#include "lake/stage.h"
#include "maintain/made_table.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{5};

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
Status RecomputeDay(Lake& lake, const MadeTable& sources, TimeRange range, const RecomputeOptions& options, Recomputed& report) {
  CS_ASSIGN(Correction correction, sources.Compare(range));
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
  CS_ASSIGN(MadeTable sources, MadeTable::Of(lake, SourcesLayout(), MadeTable::AsOf::kRead));
  if (!sources.has_read()) return report;
  TimeRange range = sources.Whole(options.range);
  CS_ASSIGN(Positions positions, lake.sources().Txns());
  if (auto done = positions.find(options.position_id); done != positions.end()) {
    range.from = std::max(range.from, FromMicros(done->second));
  }
  CS_ASSIGN(std::vector<TimeRange> days, sources.Days(range));
  std::size_t done = 0;
  for (const TimeRange& day : days) {
    if (stop.stop_requested()) {
      return Cancelled("stopped; the days before are done: next=" + FormatDate(DateOf(day.from)));
    }
    CS_TRY(RecomputeDay(lake, sources, day, options, report));
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

// What a derived table lacks of the one before it as that is now.
Result<Recomputed> CompareDerived(Lake& lake, const DerivedTable& of, TimeRange range) {
  CS_ASSIGN(MadeTable table, MadeTable::Of(lake, *of.layout, MadeTable::AsOf::kNewest));
  CS_ASSIGN(Correction correction, table.Compare(table.Whole(range)));
  return Recomputed{of.layout->name, static_cast<std::int64_t>(correction.fresh.size()), correction.changed, correction.gone};
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
