// What the stage of a derived table and `recompute` share: which windows a range holds, and how rows are made of those of the table before.
// Memory holds an accumulator a period and the rows of one file, whatever the length of the range.
#include "lake/derived_rows.h"

#include <arrow/api.h>

#include <algorithm>
#include <unordered_map>

#include "delta/bounds.h"
#include "delta/data_file.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// Calls `visit(key, row)` for each row of upstream that goes into one of `keys`.
template <class Visit>
Status VisitRows(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys, Visit visit) {
  auto may_hold = [&](const DataFile& file) {
    auto bounds = TimeBoundsOf(file.stats_json, "window.start");
    if (!bounds) return true;
    auto first = keys.lower_bound(WindowKey{PeriodStart(bounds->min, making.table.period), Name(), Name()});
    return first != keys.end() && first->start <= bounds->max;
  };
  CS_ASSIGN(std::vector<DataFile> files, upstream.Files());
  for (const DataFile& file : files) {
    if (!may_hold(file)) continue;
    CS_ASSIGN(auto columns, ReadDataFile(upstream.root_path, file, making.table.upstream->schema));
    CS_ASSIGN(std::vector<GoldRow> rows, GoldRows(*columns, making.quotes));
    for (const GoldRow& row : rows) {
      WindowKey key = making.table.KeyOf(row.key);
      if (keys.contains(key)) visit(key, row);
    }
  }
  return {};
}

Result<WindowRows> FoldSeries(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys) {
  std::unordered_map<WindowKey, RollupAccumulator> sums;
  CS_TRY(VisitRows(upstream, making, keys, [&](const WindowKey& key, const GoldRow& row) { sums[key].Add(row); }));
  WindowRows rows;
  for (const auto& [key, sum] : sums) rows.emplace(key, sum.Finish(key));
  return rows;
}

Result<WindowRows> Choose(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys) {
  WindowRows rows;
  CS_TRY(VisitRows(upstream, making, keys, [&](const WindowKey& key, const GoldRow& row) {
    auto [place, first] = rows.try_emplace(key, row);
    if (!first && making.orders.Before(row.key, place->second.key)) place->second = row;
  }));
  return rows;
}

Result<WindowRows> FoldChosen(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys) {
  struct Currency {
    RollupAccumulator sum;
    Name source;
    bool several = false;
  };
  std::map<WindowKey, std::map<Name, Currency>> periods;
  CS_TRY(VisitRows(upstream, making, keys, [&](const WindowKey& key, const GoldRow& row) {
    auto [place, first] = periods[key].try_emplace(row.key.quote);
    Currency& currency = place->second;
    if (first) currency.source = row.key.source;
    currency.several = currency.several || currency.source != row.key.source;
    currency.sum.Add(row);
  }));
  WindowRows rows;
  for (const auto& [key, currencies] : periods) {
    auto before = [&](const auto& a, const auto& b) { return making.orders.QuoteBefore(key.coin, key.start, a.first, b.first); };
    const auto& [quote, currency] = *std::ranges::min_element(currencies, before);
    WindowKey of_row{key.start, key.coin, currency.several ? Name() : currency.source, quote};
    rows.emplace(key, currency.sum.Finish(of_row));
  }
  return rows;
}

}  // namespace

Status VisitKeys(const TableView& table, const SourceQuotes& quotes, TimeRange range,
                 const std::function<void(const WindowKey&)>& visit) {
  CS_ASSIGN(std::vector<DataFile> files, table.Files());
  for (const DataFile& file : files) {
    auto bounds = TimeBoundsOf(file.stats_json, "window.start");
    if (bounds && (bounds->min >= range.to || bounds->max < range.from)) continue;
    CS_ASSIGN(auto columns, ReadDataFile(table.root_path, file, KeySchema(GoldLayout())));
    CS_ASSIGN(std::vector<WindowKey> keys, GoldKeys(*columns, quotes));
    for (const WindowKey& key : keys) {
      if (range.contains(key.start)) visit(key);
    }
  }
  return {};
}

Result<WindowRows> MakeRows(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys) {
  if (keys.empty()) return WindowRows();
  if (making.table.rows == RowPer::kSeries) return FoldSeries(upstream, making, keys);
  return making.table.period == kWindow ? Choose(upstream, making, keys) : FoldChosen(upstream, making, keys);
}

}  // namespace cryptostream
