// What is made of gold's windows, and of what. The names in positions are state on disk: the rollups of every source kept theirs when
// their tables were moved, and the chosen ones' bear the same, told apart by the id of the table that they have read.
#include "market/derived_table.h"

namespace cryptostream {
namespace {

constexpr std::chrono::minutes kHour{60}, kDay{24 * 60};
constexpr std::string_view kHours = "gold_1h", kDays = "gold_1d", kChosenRows = "chosen";

}  // namespace

WindowKey KeyFor(RowPer rows, const WindowKey& row) {
  return rows == RowPer::kSeries ? row : WindowKey{row.start, row.coin, Name(), Name()};
}

const DerivedTable& SourcesHourly() {
  static const DerivedTable table{&SourcesHourLayout(), &SourcesLayout(), kHour, RowPer::kSeries, kHours};
  return table;
}

const DerivedTable& SourcesDaily() {
  static const DerivedTable table{&SourcesDayLayout(), &SourcesLayout(), kDay, RowPer::kSeries, kDays};
  return table;
}

const DerivedTable& ChosenMinutes() {
  static const DerivedTable table{&GoldLayout(), &SourcesLayout(), kWindow, RowPer::kCoin, kChosenRows};
  return table;
}

const DerivedTable& HourlyRollup() {
  static const DerivedTable table{&GoldHourLayout(), &GoldLayout(), kHour, RowPer::kCoin, kHours};
  return table;
}

const DerivedTable& DailyRollup() {
  static const DerivedTable table{&GoldDayLayout(), &GoldLayout(), kDay, RowPer::kCoin, kDays};
  return table;
}

std::vector<const DerivedTable*> DerivedTables() {
  return {&SourcesHourly(), &SourcesDaily(), &ChosenMinutes(), &HourlyRollup(), &DailyRollup()};
}

}  // namespace cryptostream
