// Ranges of bars. In: recent minutes, complete from some time on, and a reader of older ones. Out: one page. Memory is asked
// first and the table only for what lies before memory's floor, so both never answer for the same minute. Older minutes
// are read in spans that grow fourfold: dense data needs one, a sparse history a few.
#include "live/candles.h"

#include <algorithm>

namespace cryptostream {
namespace {

// Adds and subtracts spans without leaving the range of timestamps.
Timestamp Before(Timestamp time, std::chrono::microseconds span, Timestamp least) {
  return time - least < span ? least : time - span;
}

std::size_t CountBars(const std::vector<Minute>& minutes, std::chrono::minutes interval) {
  std::size_t bars = 0;
  Timestamp last = Timestamp::min();
  for (const Minute& minute : minutes) {
    Timestamp start = IntervalStart(minute.start, interval);
    if (bars == 0 || start != last) ++bars;
    last = start;
  }
  return bars;
}

std::vector<Candle> Fold(const std::vector<Minute>& minutes, std::chrono::minutes interval, const TimesBySource& closed) {
  CandleFolder folder(interval);
  for (const Minute& minute : minutes) folder.Add(minute);
  std::vector<Candle> candles = folder.Take();
  for (Candle& candle : candles) {
    auto found = closed.find(candle.source.str());
    if (found != closed.end() && candle.close_time <= found->second) candle.closed = true;
  }
  return candles;
}

// The latest bars before `to`.
Result<std::optional<std::vector<Minute>>> Latest(const CandleQuery& query, std::vector<Minute> minutes, Timestamp floor,
                                                  Timestamp to, const OlderMinutes* older) {
  auto enough = [&] {
    // One bar more than asked for: it tells that there is a next page, and may itself be cut by the floor.
    return CountBars(minutes, query.interval) > query.limit + 1;
  };
  if (floor == kNoTime || enough()) return minutes;
  if (older == nullptr) return std::nullopt;
  Timestamp end = std::min(floor, to);
  std::chrono::microseconds span = query.interval * static_cast<std::int64_t>(query.limit + 2);
  while (end > older->oldest && !enough()) {
    Timestamp begin = IntervalStart(Before(end, span, older->oldest), query.interval);
    CS_ASSIGN(auto part, older->read(begin, end));
    minutes.insert(minutes.begin(), part.begin(), part.end());
    end = begin;
    span *= 4;
  }
  return minutes;
}

// The oldest bars in [from, to).
Result<std::optional<std::vector<Minute>>> Oldest(const CandleQuery& query, std::vector<Minute> recent, Timestamp floor,
                                                  Timestamp from, Timestamp to, const OlderMinutes* older) {
  if (floor == kNoTime || from >= floor) return recent;
  if (older == nullptr) return std::nullopt;
  std::vector<Minute> minutes;
  Timestamp end = std::min(floor, to);
  Timestamp begin = std::max(from, older->oldest == Timestamp::max() ? end : older->oldest);
  std::chrono::microseconds span = query.interval * static_cast<std::int64_t>(query.limit + 2);
  while (begin < end && CountBars(minutes, query.interval) <= query.limit + 1) {
    Timestamp part_end = end - begin < span ? end : IntervalStart(begin + span, query.interval);
    CS_ASSIGN(auto part, older->read(begin, part_end));
    minutes.insert(minutes.end(), part.begin(), part.end());
    begin = part_end;
    span *= 4;
  }
  if (begin >= end) minutes.insert(minutes.end(), recent.begin(), recent.end());
  return minutes;
}

}  // namespace

Result<std::optional<CandlePage>> BuildCandles(const CandleQuery& query, const CoinWindows& recent, const TimesBySource& closed,
                                               const OlderMinutes* older) {
  const Timestamp from = query.from ? NextIntervalStart(*query.from, query.interval) : kNoTime;
  const Timestamp to = query.to ? NextIntervalStart(*query.to, query.interval) : Timestamp::max();
  std::vector<Minute> minutes;
  for (const WindowView& view : recent.windows) {
    if (view.row.key.start >= from && view.row.key.start < to) minutes.push_back(ToMinute(view));
  }
  CS_ASSIGN(auto found, query.from ? Oldest(query, std::move(minutes), recent.complete_from, from, to, older)
                                   : Latest(query, std::move(minutes), recent.complete_from, to, older));
  if (!found) return std::nullopt;
  CandlePage page;
  page.candles = Fold(*found, query.interval, closed);
  if (query.fill_previous) page.candles = FillPrevious(page.candles, query.interval, query.limit + 1, !query.from);
  if (page.candles.size() > query.limit) {
    if (query.from) {
      page.candles.resize(query.limit);
      page.next_from = page.candles.back().close_time;
    } else {
      page.candles.erase(page.candles.begin(), page.candles.end() - static_cast<std::ptrdiff_t>(query.limit));
      page.next_to = page.candles.front().open_time;
    }
  }
  return page;
}

}  // namespace cryptostream
