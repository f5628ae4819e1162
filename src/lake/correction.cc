// Late rows, worked in. A late row is in silver like any other; the closed window it belongs to is computed again from silver,
// whole, and replaces gold's row. No partial update: adding a row to stored sums would round twice and depend on the
// order of arrival. Simple on purpose: every gold file that may hold a touched window is read and, if it does, written again.
#include "lake/correction.h"

#include <arrow/api.h>

#include <bit>
#include <map>
#include <unordered_map>

#include "delta/data_file.h"
#include "delta/time_bounds.h"
#include "lake/silver_reader.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (IsNull(a) && IsNull(b));
}

bool SameRow(const GoldRow& a, const GoldRow& b) {
  for (double GoldRow::* column :
       {&GoldRow::avg_price, &GoldRow::max_price, &GoldRow::min_price, &GoldRow::open, &GoldRow::close, &GoldRow::price_change,
        &GoldRow::price_change_pct, &GoldRow::volatility, &GoldRow::range_pct, &GoldRow::volume, &GoldRow::vwap,
        &GoldRow::volume_24h, &GoldRow::market_cap, &GoldRow::max_source_age_s}) {
    if (!SameBits(a.*column, b.*column)) return false;
  }
  return a.key == b.key && a.samples == b.samples && a.updates == b.updates && a.first_event == b.first_event &&
         a.last_event == b.last_event;
}

using Recomputed = std::map<WindowKey, GoldRow>;

Result<Recomputed> Recompute(const TableView& silver, const std::set<WindowKey>& windows) {
  std::unordered_map<WindowKey, WindowAccumulator> sums;
  for (auto first = windows.begin(); first != windows.end();) {
    // Windows less than an hour apart are read as one range: their files are mostly the same.
    auto last = first;
    while (std::next(last) != windows.end() && std::next(last)->start - last->start <= std::chrono::hours(1)) ++last;
    TimeRange range{first->start, last->start + kWindow};
    CS_TRY(ReadSilver(*silver.snapshot, silver.root_path, range, [&](std::vector<Tick> ticks) -> Status {
      for (const Tick& tick : ticks) {
        WindowKey key{WindowStart(tick.event_time), tick.coin, tick.source};
        if (windows.contains(key)) sums[key].Add(tick);
      }
      return {};
    }));
    first = std::next(last);
  }
  Recomputed rows;
  for (const auto& [key, sum] : sums) rows.emplace(key, sum.Finish(key));
  return rows;
}

bool MayHold(const DataFile& file, const std::set<WindowKey>& windows) {
  auto bounds = BoundsOf(file.stats_json, "window.start");
  if (!bounds) return true;
  auto first = windows.lower_bound(WindowKey{bounds->min, Name(), Name()});
  return first != windows.end() && first->start <= bounds->max;
}

}  // namespace

Result<Correction> CorrectWindows(const TableView& silver, const TableView& gold, const std::set<WindowKey>& windows) {
  Correction correction;
  CS_ASSIGN(Recomputed rows, Recompute(silver, windows));
  std::set<WindowKey> found;
  CS_ASSIGN(std::vector<DataFile> files, gold.snapshot->Files());
  for (DataFile& file : files) {
    if (!MayHold(file, windows)) continue;
    CS_ASSIGN(auto table, ReadDataFile(gold.root_path, file, GoldLayout().schema));
    CS_ASSIGN(std::vector<GoldRow> old_rows, GoldRows(*table));
    std::vector<GoldRow> new_rows;
    bool changed = false;
    for (const GoldRow& row : old_rows) {
      if (!windows.contains(row.key)) {
        new_rows.push_back(row);
        continue;
      }
      found.insert(row.key);
      auto now = rows.find(row.key);
      changed |= now == rows.end() || !SameRow(row, now->second);
      if (now != rows.end()) new_rows.push_back(now->second);
    }
    if (!changed) continue;
    correction.removes.push_back(std::move(file));
    correction.rewritten.insert(correction.rewritten.end(), new_rows.begin(), new_rows.end());
  }
  for (const auto& [key, row] : rows) {
    if (!found.contains(key)) correction.fresh.push_back(row);
  }
  return correction;
}

}  // namespace cryptostream
