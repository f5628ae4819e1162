// A change of the order over the past. In: the order as it is configured, and since when it shall hold. Out: one commit of replacements with
// the record of the order in it. The files are written day by day before, so memory holds one day; killed on the way, they belong to
// nobody and vacuum takes them. Rejected: a commit a day, each with an order that begins a day earlier: as many records as days, for ever.
#include "maintain/reorder.h"

#include <arrow/api.h>

#include <algorithm>
#include <set>

#include "base/crash_point.h"
#include "delta/data_file.h"
#include "delta/position.h"
#include "delta/retained_from.h"
#include "lake/commit_once.h"
#include "lake/correction.h"
#include "lake/derived_rows.h"
#include "maintain/made_table.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeCommit("reorder.before_commit");
const CrashPoint kAfterCommit("reorder.after_commit");

// What is to be committed.
struct Change {
  Recomputed report{.table = GoldLayout().name};
  std::vector<DataFile> adds, removes;
  FileHold hold;
};

// The records that let the configured order hold from `from` on, whatever was recorded before.
std::vector<SourceOrders::Record> RecordsFrom(const SourceOrders& orders, const SourceOrderSettings& wanted, Timestamp from) {
  std::int64_t n = orders.records().empty() ? 0 : orders.records().back().n;
  std::vector<SourceOrders::Record> records{{++n, "", from, wanted.order}};
  for (const auto& [coin, order] : wanted.by_coin) records.push_back({++n, coin, from, order});
  return records;
}

Status Write(const Table& table, const std::vector<GoldRow>& rows, Change& change) {
  CS_ASSIGN(std::vector<PartitionRows> parts, GoldColumns(rows));
  DataFileOptions options;
  options.fsync = table.fsync();
  options.hold = &change.hold;
  for (const PartitionRows& part : parts) {
    CS_ASSIGN(DataFile file,
              WriteDataFile(table.root_path(), {{GoldLayout().partition_columns[0], part.partition[0]}}, *part.rows, options));
    change.adds.push_back(std::move(file));
  }
  return {};
}

// Chooses the rows of a part of a day again.
Status ChooseAgain(Lake& lake, const SourceOrders& orders, TimeRange range, bool dry_run, Change& change) {
  const DerivedTable& of = ChosenMinutes();
  TableView sources = lake.sources().view(), gold = lake.gold().view();
  std::set<WindowKey> keys;
  CS_TRY(VisitKeys(gold, lake.quotes(), range, [&](const WindowKey& key) { keys.insert(KeyFor(of.rows, key)); }));
  CS_ASSIGN(WindowRows rows, MakeRows(sources, {of, lake.quotes(), orders}, keys));
  CS_ASSIGN(Correction correction, PlanReplacement(gold, lake.quotes(), keys, rows, of.rows));
  change.report.changed += correction.changed;
  change.report.removed += correction.gone;
  if (dry_run) return {};
  std::ranges::move(correction.removes, std::back_inserter(change.removes));
  return Write(lake.gold(), correction.rewritten, change);
}

Status Commit(Lake& lake, const std::vector<SourceOrders::Record>& records, Change& change) {
  Positions positions;
  for (const SourceOrders::Record& record : records) positions[OrderId(record)] = ToMicros(record.from);
  kBeforeCommit.Reach();
  if (change.removes.empty()) {
    CommitPlan plan;
    plan.operation = "gold order";
    plan.positions = std::move(positions);
    CS_TRY(CommitOnce(lake.gold(), GoldLayout(), std::move(plan), lake.epoch()));
  } else {
    RewritePlan plan{CommitKind::kReplace, change.adds, change.removes, std::move(positions), "gold order", {}};
    CS_TRY(CommitRewrite(lake.gold(), GoldLayout(), plan, lake.epoch()));
  }
  kAfterCommit.Reach();
  return {};
}

}  // namespace

Result<std::vector<Recomputed>> Reorder(Lake& lake, const ReorderOptions& options, StopToken stop) {
  if (!options.dry_run) CS_TRY(FollowGold(lake, stop));  // what is not chosen yet is chosen by the orders that hold now
  CS_ASSIGN(Positions gold, lake.gold().Txns());
  CS_ASSIGN(Positions sources, lake.sources().Txns());
  SourceOrders orders = OrdersOf(gold);
  auto records = RecordsFrom(orders, lake.options().order, WindowStart(options.from));
  for (const SourceOrders::Record& record : records) orders.Add(record);
  const TimeRange range{std::max(WindowStart(options.from), WholeFrom(sources, gold)), Timestamp::max()};
  Change change;
  CS_ASSIGN(std::vector<TimeRange> days, DaysIn({lake.gold().view()}, range));
  std::size_t done = 0;
  for (const TimeRange& day : days) {
    if (stop.stop_requested()) return Cancelled("stopped; nothing was changed");
    CS_TRY(ChooseAgain(lake, orders, day, options.dry_run, change));
    if (options.progress) options.progress(++done, days.size());
  }
  std::vector<Recomputed> report{change.report};
  if (options.dry_run) return report;
  CS_TRY(Commit(lake, records, change));
  CS_ASSIGN(std::vector<Recomputed> behind, FollowGold(lake, stop));
  for (Recomputed& table : behind) {
    if (table.table == HourlyRollup().layout->name || table.table == DailyRollup().layout->name)
      report.push_back(std::move(table));
  }
  return report;
}

}  // namespace cryptostream
