#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "market/rollup.h"
#include "market/schema.h"
#include "market/window.h"

namespace cryptostream {

// Whose rows a table of windows holds: a row each series (coin, source, quote), or the one that was chosen for the coin.
enum class RowPer { kSeries, kCoin };

// The key under which such a table holds a row.
WindowKey KeyFor(RowPer rows, const WindowKey& row);

// A table of windows that is made of another one: the chosen rows, and the rollups.
struct DerivedTable {
  const TableLayout* layout;
  const TableLayout* upstream;
  std::chrono::minutes period;
  RowPer rows;
  std::string_view position;  // its position's app id begins with it (RollupPositionId)

  // The row that a row of upstream goes into.
  WindowKey KeyOf(const WindowKey& of_upstream) const { return KeyFor(rows, PeriodKey(of_upstream, period)); }
};

// Of every source's minutes: the hours and days, and the chosen minutes; of these again the hours and days.
const DerivedTable& SourcesHourly();
const DerivedTable& SourcesDaily();
const DerivedTable& ChosenMinutes();
const DerivedTable& HourlyRollup();
const DerivedTable& DailyRollup();
// All of them, each behind what it is made of.
std::vector<const DerivedTable*> DerivedTables();

}  // namespace cryptostream
