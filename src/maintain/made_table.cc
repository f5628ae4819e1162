// What a table of windows must hold, computed from the table before it with the same arithmetic as its stage has, a part of a day at a time.
#include "maintain/made_table.h"

#include <algorithm>
#include <unordered_map>

#include "delta/partition.h"
#include "delta/position.h"
#include "delta/retained_from.h"
#include "lake/cut_log.h"
#include "lake/derived_rows.h"
#include "lake/lineage.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// A table as of a version. Later versions without rows (compactions) are the same rows in files that still exist.
Result<TableView> ViewAt(Table& table, Version version) {
  TableView view = table.view();
  auto later = table.CommitsAfter(version, 1'000);
  bool same =
      later && std::ranges::all_of(*later, [](const auto& commit) { return commit.adds.empty() && commit.removes.empty(); });
  if (same && (later->empty() || later->back().version == view.snapshot->version())) return view;
  auto at = table.SnapshotWithRowsOf(version);
  if (!at && at.error().kind == ErrorKind::kNotFound) CS_TRY(CheckNotCut(table, version, LogNeed::kTableAt));
  CS_ASSIGN(view.snapshot, std::move(at));
  return view;
}

const DerivedTable* DerivedOf(const TableLayout& layout) {
  for (const DerivedTable* table : DerivedTables()) {
    if (table->layout == &layout) return table;
  }
  return nullptr;
}

}  // namespace

Result<MadeTable> MadeTable::Of(Lake& lake, const TableLayout& layout, AsOf as_of) {
  MadeTable made(lake, layout);
  made.derived_ = DerivedOf(layout);
  const MadeOf of = *UpstreamOf(layout);
  Table& before = lake.table(*of.layout);
  CS_ASSIGN(Positions own, lake.table(layout).Txns());
  const Version read = PositionOr(own, of.position_prefix + before.id(), kNoVersion);
  made.closed_ = ClosedTimes(own);
  CS_ASSIGN(Positions of_upstream, before.Txns());
  made.whole_from_ = WholeFrom(of_upstream, own);
  made.orders_ = OrdersOf(made.derived_ != nullptr && made.derived_->upstream == &GoldLayout() ? of_upstream : own);
  made.upstream_ = before.view();
  made.has_read_ = read != kNoVersion;
  if (made.has_read_ && as_of == AsOf::kRead) {
    CS_ASSIGN(made.upstream_, ViewAt(before, read));
  }
  return made;
}

TimeRange MadeTable::Whole(TimeRange range) const {
  Timestamp last = PeriodStart(range.to - std::chrono::microseconds(1), period());
  range = {std::max(PeriodStart(range.from, period()), whole_from_), last + period()};
  return {range.from, std::max(range.from, range.to)};
}

Result<std::vector<TimeRange>> DaysIn(const std::vector<TableView>& tables, TimeRange range) {
  std::set<Date> days;
  for (const TableView& table : tables) {
    CS_ASSIGN(std::vector<DataFile> files, table.Files());
    for (const DataFile& file : files) {
      if (auto day = PartitionDay(file)) days.insert(*day);
    }
  }
  std::vector<TimeRange> parts;
  for (Date day : days) {
    TimeRange part{std::max(range.from, Timestamp(day)), std::min(range.to, Timestamp(day) + std::chrono::days(1))};
    if (part.from < part.to) parts.push_back(part);
  }
  return parts;
}

Result<std::vector<TimeRange>> MadeTable::Days(TimeRange range) const {
  return DaysIn({upstream_, lake_->table(*layout_).view()}, range);
}

bool MadeTable::IsClosed(const WindowKey& key) const {
  auto found = closed_.find(row_per() == RowPer::kCoin ? Name(kChosen) : key.source);
  return found != closed_.end() && key.start + period() <= found->second;
}

Result<MadeTable::Rows> MadeTable::OfSilver(TimeRange range) const {
  std::unordered_map<WindowKey, WindowAccumulator> sums;
  CS_TRY(ReadSilver(upstream_, lake_->quotes(), range, [&](const std::vector<Tick>& ticks) -> Status {
    for (const Tick& tick : ticks) {
      WindowKey key = WindowOf(tick);
      if (IsClosed(key)) sums[key].Add(tick);
    }
    return {};
  }));
  Rows made;
  for (const auto& [key, sum] : sums) {
    made.rows.emplace(key, sum.Finish(key));
    made.keys.insert(key);
  }
  return made;
}

Result<MadeTable::Rows> MadeTable::OfWindows(TimeRange range) const {
  Rows made;
  CS_TRY(VisitKeys(upstream_, lake_->quotes(), range, [&](const WindowKey& of_upstream) {
    WindowKey key = PeriodKey(of_upstream, period());
    if (IsClosed(key)) made.keys.insert(KeyFor(row_per(), key));
  }));
  CS_ASSIGN(made.rows, MakeRows(upstream_, {*derived_, lake_->quotes(), orders_}, made.keys));
  return made;
}

Result<Correction> MadeTable::Compare(TimeRange range, const std::set<std::string>& without) const {
  CS_ASSIGN(Rows made, derived_ == nullptr ? OfSilver(range) : OfWindows(range));
  TableView table = lake_->table(*layout_).view();
  table.without = without;
  CS_TRY(VisitKeys(table, lake_->quotes(), range, [&](const WindowKey& key) { made.keys.insert(KeyFor(row_per(), key)); }));
  return PlanReplacement(table, lake_->quotes(), made.keys, made.rows, row_per());
}

}  // namespace cryptostream
