// Reading silver back: for duplicates beyond memory, for windows that are recomputed, for the state at a start. Day partitions
// and the files' statistics say which files to open; the rest is filtered row by row.
#include "lake/silver_reader.h"

#include <arrow/api.h>

#include <algorithm>

#include "delta/bounds.h"
#include "delta/data_file.h"
#include "market/columns.h"
#include "market/schema.h"
#include "market/window.h"

namespace cryptostream {
namespace {

// The day of a silver file's partition; nullopt when the partition is not one of ours.
std::optional<Date> DayOf(const DataFile& file) {
  int year = 0, month = 0, day = 0;
  for (const PartitionValue& part : file.partition) {
    if (!part.value) return std::nullopt;
    int value = std::atoi(part.value->c_str());
    if (part.name == "year") year = value;
    if (part.name == "month") month = value;
    if (part.name == "day") day = value;
  }
  std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                  std::chrono::day(static_cast<unsigned>(day))};
  if (!ymd.ok()) return std::nullopt;
  return Date(ymd);
}

// The event times that a file's rows may have.
TimeRange TimesOf(const DataFile& file) {
  TimeRange times{Timestamp::min(), Timestamp::max()};
  if (auto day = DayOf(file)) times = {Timestamp(*day), Timestamp(*day + std::chrono::days(1))};
  if (auto bounds = TimeBoundsOf(file.stats_json, "api_timestamp")) {
    times.from = std::max(times.from, bounds->min);
    times.to = std::min(times.to, bounds->max + std::chrono::microseconds(1));
  }
  return times;
}

constexpr std::int64_t kPieceRows = 100'000;  // a compacted file has millions, of which one may be wanted

// Reads `schema`'s columns of the files that may hold wanted rows, and visits what is wanted of them, piece by piece.
template <class MayHold, class Wanted, class ToTicks>
Status ReadFiles(const TableView& silver, const std::shared_ptr<arrow::Schema>& schema, ToTicks to_ticks, MayHold may_hold,
                 Wanted wanted, const TickVisitor& visit) {
  CS_ASSIGN(std::vector<DataFile> files, silver.snapshot->Files());
  std::sort(files.begin(), files.end(), [](const DataFile& a, const DataFile& b) { return a.path < b.path; });
  for (const DataFile& file : files) {
    if (!may_hold(file)) continue;
    CS_ASSIGN(auto reader, DataFileReader::Open(silver.root_path, file, schema, kPieceRows));
    while (true) {
      CS_ASSIGN(auto piece, reader->Next());
      if (!piece) break;
      CS_ASSIGN(std::vector<Tick> ticks, to_ticks(*piece));
      std::erase_if(ticks, [&](const Tick& tick) { return !wanted(tick); });
      if (!ticks.empty()) CS_TRY(visit(ticks));
    }
  }
  return {};
}

auto With(const SourceQuotes& quotes) {
  return [&quotes](const arrow::Table& table) { return Ticks(table, quotes); };
}

}  // namespace

Status ReadSilver(const TableView& silver, const SourceQuotes& quotes, TimeRange range, const TickVisitor& visit) {
  auto may_hold = [&](const DataFile& file) {
    TimeRange times = TimesOf(file);
    return times.from < range.to && range.from < times.to;
  };
  return ReadFiles(
      silver, SilverLayout().schema, With(quotes), may_hold, [&](const Tick& tick) { return range.contains(tick.event_time); },
      visit);
}

Status ReadSilverMinutes(const TableView& silver, const SourceQuotes& quotes, const std::set<Timestamp>& minutes,
                         const TickVisitor& visit) {
  if (minutes.empty()) return {};
  auto may_hold = [&](const DataFile& file) {
    TimeRange times = TimesOf(file);
    auto first = minutes.upper_bound(times.from - kWindow);
    return first != minutes.end() && *first < times.to;
  };
  auto wanted = [&](const Tick& tick) { return minutes.contains(WindowStart(tick.event_time)); };
  return ReadFiles(silver, SilverLayout().schema, With(quotes), may_hold, wanted, visit);
}

Status ReadSilverTrades(const TableView& silver, const SourceQuotes& quotes, const std::set<std::int64_t>& ids,
                        const TickVisitor& visit) {
  if (ids.empty()) return {};
  auto may_hold = [&](const DataFile& file) {
    if (HasOnlyNulls(file.stats_json, "trade_id")) return false;
    auto bounds = IntegerBoundsOf(file.stats_json, "trade_id");
    if (!bounds) return true;
    auto first = ids.lower_bound(bounds->min);
    return first != ids.end() && *first <= bounds->max;
  };
  auto wanted = [&](const Tick& tick) { return ids.contains(tick.trade_id); };
  return ReadFiles(silver, SilverLayout().schema, With(quotes), may_hold, wanted, visit);
}

Status ReadSilverTradeKeys(const TableView& silver, const TickVisitor& visit) {
  auto may_hold = [](const DataFile& file) { return !HasOnlyNulls(file.stats_json, "trade_id"); };
  return ReadFiles(
      silver, KeySchema(SilverLayout()), TradeKeys, may_hold, [](const Tick& tick) { return tick.is_trade(); }, visit);
}

}  // namespace cryptostream
