// What the stage of a rollup and `recompute` share: which windows a range holds, and the fold of 1-minute rows to periods.
// Memory holds an accumulator a period and the rows of one file, whatever the length of the range.
#include "lake/rollup_rows.h"

#include <arrow/api.h>

#include <algorithm>
#include <unordered_map>

#include "delta/bounds.h"
#include "delta/data_file.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {

Status VisitKeys(const TableView& table, const SourceQuotes& quotes, TimeRange range,
                 const std::function<void(const WindowKey&)>& visit) {
  CS_ASSIGN(std::vector<DataFile> files, table.snapshot->Files());
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

Result<WindowRows> FoldPeriods(const TableView& gold, const SourceQuotes& quotes, const std::set<WindowKey>& periods,
                               std::chrono::minutes period) {
  auto may_hold = [&](const DataFile& file) {
    auto bounds = TimeBoundsOf(file.stats_json, "window.start");
    if (!bounds) return true;
    auto first = periods.lower_bound(WindowKey{PeriodStart(bounds->min, period), Name(), Name()});
    return first != periods.end() && first->start <= bounds->max;
  };
  std::unordered_map<WindowKey, RollupAccumulator> sums;
  CS_ASSIGN(std::vector<DataFile> files, gold.snapshot->Files());
  for (const DataFile& file : files) {
    if (!may_hold(file)) continue;
    CS_ASSIGN(auto columns, ReadDataFile(gold.root_path, file, GoldLayout().schema));
    CS_ASSIGN(std::vector<GoldRow> rows, GoldRows(*columns, quotes));
    for (const GoldRow& row : rows) {
      WindowKey key = PeriodKey(row.key, period);
      if (periods.contains(key)) sums[key].Add(row);
    }
  }
  WindowRows rows;
  for (const auto& [key, sum] : sums) rows.emplace(key, sum.Finish(key));
  return rows;
}

}  // namespace cryptostream
