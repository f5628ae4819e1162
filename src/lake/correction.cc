// Late rows, worked in. A late row is in silver like any other; the closed window it belongs to is computed again from silver,
// whole, and replaces gold's row. No partial update: adding a row to stored sums would round twice and depend on the
// order of arrival. Simple on purpose: every gold file that may hold a touched window is read and, if it does, written again.
#include "lake/correction.h"

#include <arrow/api.h>

#include <unordered_map>

#include "delta/bounds.h"
#include "delta/data_file.h"
#include "lake/silver_reader.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// Adds the rows of the windows that are not known yet.
Status Recompute(const TableView& silver, const SourceQuotes& quotes, const std::set<WindowKey>& windows, WindowRows& rows) {
  std::set<Timestamp> minutes;
  for (const WindowKey& key : windows) {
    if (!rows.contains(key)) minutes.insert(key.start);
  }
  std::unordered_map<WindowKey, WindowAccumulator> sums;
  CS_TRY(ReadSilverMinutes(silver, quotes, minutes, [&](const std::vector<Tick>& ticks) -> Status {
    for (const Tick& tick : ticks) {
      WindowKey key = WindowOf(tick);
      if (windows.contains(key) && !rows.contains(key)) sums[key].Add(tick);
    }
    return {};
  }));
  for (const auto& [key, sum] : sums) rows.emplace(key, sum.Finish(key));
  return {};
}

bool MayHold(const DataFile& file, const std::set<WindowKey>& windows) {
  auto bounds = TimeBoundsOf(file.stats_json, "window.start");
  if (!bounds) return true;
  auto first = windows.lower_bound(WindowKey{bounds->min, Name(), Name()});
  return first != windows.end() && first->start <= bounds->max;
}

}  // namespace

Result<Correction> PlanReplacement(const TableView& table, const SourceQuotes& quotes, const std::set<WindowKey>& keys,
                                   const WindowRows& rows, RowPer rows_of) {
  Correction correction;
  std::set<WindowKey> found;
  CS_ASSIGN(std::vector<DataFile> files, table.Files());
  for (DataFile& file : files) {
    if (!MayHold(file, keys)) continue;
    CS_ASSIGN(auto columns, ReadDataFile(table.root_path, file, GoldLayout().schema));
    CS_ASSIGN(std::vector<GoldRow> old_rows, GoldRows(*columns, quotes));
    std::vector<GoldRow> new_rows;
    std::int64_t changed = 0, gone = 0;
    for (const GoldRow& row : old_rows) {
      const WindowKey key = KeyFor(rows_of, row.key);
      if (!keys.contains(key)) {
        new_rows.push_back(row);
        continue;
      }
      auto now = rows.find(key);
      if (now == rows.end() || !found.insert(key).second) {
        ++gone;  // nothing makes such a row, or there is one already
        continue;
      }
      if (!SameRow(row, now->second)) ++changed;
      new_rows.push_back(now->second);
    }
    if (changed + gone == 0) continue;
    correction.changed += changed;
    correction.gone += gone;
    correction.removes.push_back(std::move(file));
    correction.rewritten.insert(correction.rewritten.end(), new_rows.begin(), new_rows.end());
  }
  for (const auto& [key, row] : rows) {
    if (!found.contains(key)) correction.fresh.push_back(row);
  }
  return correction;
}

Result<Correction> CorrectWindows(const TableView& silver, const TableView& gold, const SourceQuotes& quotes,
                                  const std::set<WindowKey>& windows, WindowRows known) {
  CS_TRY(Recompute(silver, quotes, windows, known));
  return PlanReplacement(gold, quotes, windows, known);
}

}  // namespace cryptostream
