// Ranges of bars. In: recent minutes, complete from some time on, and a reader of older ones. Out: one page.
// Memory is asked first and the table only for what lies before memory's floor, so both never answer for the
// same minute. Older minutes are read in spans that grow fourfold: dense data needs one, a sparse history a few.
//
// Paging never changes an answer. Without filling that is easy: a page is a cut of the bars that have data. With
// fill=previous the bars are an unbroken row from the first one with data to the last one, and a page is a cut
// of that row: where a page begins inside a gap, the close before is looked up; it does not begin with the next
// data. (Filling each page on its own lost the flat bars between two pages.)
#include "live/candle_range.h"

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

// All minutes of a coin as one row: memory's, and the table's before memory's floor. What needs the table while
// there is no reader of it is answered as empty, and noted.
class AllMinutes {
 public:
  AllMinutes(const CoinWindows& recent, const OlderMinutes* older) : floor_(recent.complete_from), older_(older) {
    for (const WindowView& view : recent.windows) recent_.push_back(ToMinute(view));
  }

  bool lacks_table() const { return lacks_table_; }

  // Minutes in [from, to), ascending.
  Result<std::vector<Minute>> Read(Timestamp from, Timestamp to) {
    std::vector<Minute> out;
    if (from < floor_ && HasTable()) {
      CS_ASSIGN(out, older_->read(from, std::min(to, floor_)));
    }
    std::copy_if(recent_.begin(), recent_.end(), std::back_inserter(out),
                 [&](const Minute& minute) { return minute.start >= from && minute.start < to; });
    return out;
  }

  // Where the newest minute before `time` starts.
  Result<std::optional<Timestamp>> NewestBefore(Timestamp time) {
    auto after = std::lower_bound(recent_.begin(), recent_.end(), time, StartsBefore);
    if (after != recent_.begin()) return std::prev(after)->start;
    if (floor_ == kNoTime || !HasTable()) return std::nullopt;
    return older_->newest_before(std::min(time, floor_));
  }

  // Where the oldest minute at or after `time` starts.
  Result<std::optional<Timestamp>> OldestFrom(Timestamp time) {
    if (time < floor_ && HasTable()) {
      CS_ASSIGN(auto found, older_->oldest_from(time));
      if (found && *found < floor_) return found;
    }
    auto found = std::lower_bound(recent_.begin(), recent_.end(), time, StartsBefore);
    return found == recent_.end() ? std::nullopt : std::optional(found->start);
  }

 private:
  static bool StartsBefore(const Minute& minute, Timestamp time) { return minute.start < time; }
  bool HasTable() {
    lacks_table_ = lacks_table_ || older_ == nullptr;
    return older_ != nullptr;
  }

  std::vector<Minute> recent_;
  const Timestamp floor_;
  const OlderMinutes* const older_;
  bool lacks_table_ = false;
};

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

// A page of the bars that have data.
Result<std::optional<CandlePage>> PlainPage(const CandleQuery& query, TimeSpan range, const CoinWindows& recent,
                                            const TimesBySource& closed, const OlderMinutes* older) {
  std::vector<Minute> minutes;
  for (const WindowView& view : recent.windows) {
    if (view.row.key.start >= range.from && view.row.key.start < range.to) minutes.push_back(ToMinute(view));
  }
  CS_ASSIGN(auto found, query.from ? Oldest(query, std::move(minutes), recent.complete_from, range.from, range.to, older)
                                   : Latest(query, std::move(minutes), recent.complete_from, range.to, older));
  if (!found) return std::nullopt;
  CandlePage page;
  page.candles = FoldMinutes(*found, query.interval, closed);
  if (page.candles.size() <= query.limit) return page;
  if (query.from) {
    page.candles.resize(query.limit);
    page.next_from = page.candles.back().close_time;
  } else {
    page.candles.erase(page.candles.begin(), page.candles.end() - static_cast<std::ptrdiff_t>(query.limit));
    page.next_to = page.candles.front().open_time;
  }
  return page;
}

// A page of the unbroken row from the first bar with data to the last one, flat where there is none.
Result<CandlePage> FilledPage(const CandleQuery& query, TimeSpan range, AllMinutes& minutes, const TimesBySource& closed) {
  CandlePage page;
  CS_ASSIGN(auto last, minutes.NewestBefore(Timestamp::max()));
  if (!last) return page;
  range.to = std::min(range.to, IntervalStart(*last, query.interval) + query.interval);
  const std::chrono::microseconds span = query.interval * static_cast<std::int64_t>(query.limit);
  const bool forward = query.from.has_value();
  TimeSpan cut = range;
  if (forward && range.to - range.from > span) cut.to = range.from + span;
  if (!forward) cut.from = range.to - span;
  if (cut.from >= cut.to) return page;
  // The close that the page begins with; where nothing is before, it begins with the first bar of all.
  CS_ASSIGN(auto anchor, minutes.NewestBefore(cut.from + query.interval));
  if (!anchor) {
    CS_ASSIGN(auto first, minutes.OldestFrom(cut.from));
    if (!first || *first >= range.to) return page;
    cut.from = IntervalStart(*first, query.interval);
    cut.to = forward && range.to - cut.from > span ? cut.from + span : range.to;
    anchor = first;
  }
  std::optional<Candle> before;
  if (Timestamp bar = IntervalStart(*anchor, query.interval); bar < cut.from) {
    CS_ASSIGN(auto parts, minutes.Read(bar, bar + query.interval));
    auto folded = FoldMinutes(parts, query.interval, closed);
    if (!folded.empty()) before = folded.back();
  }
  CS_ASSIGN(auto parts, minutes.Read(cut.from, cut.to));
  page.candles = FillPrevious(FoldMinutes(parts, query.interval, closed), before, cut, query.interval);
  if (forward && cut.to < range.to) page.next_from = cut.to;
  if (!forward) {
    CS_ASSIGN(auto earlier, minutes.NewestBefore(cut.from));
    if (earlier) page.next_to = cut.from;
  }
  return page;
}

}  // namespace

bool IsOver(const Candle& candle, const TimesBySource& closed) {
  if (candle.source.empty()) {
    std::map<Name, Timestamp> times;
    for (const auto& [source, time] : closed) times[Name(source)] = time;
    return candle.close_time <= ChosenThrough(times, false);
  }
  auto found = closed.find(candle.source.str());
  return found != closed.end() && candle.close_time <= found->second;
}

std::vector<Candle> FoldMinutes(const std::vector<Minute>& minutes, std::chrono::minutes interval, const TimesBySource& closed) {
  CandleFolder folder(interval);
  for (const Minute& minute : minutes) folder.Add(minute);
  std::vector<Candle> candles = folder.Take();
  for (Candle& candle : candles) {
    if (IsOver(candle, closed)) candle.closed = true;
  }
  return candles;
}

Result<std::optional<CandlePage>> BuildCandles(const CandleQuery& query, const CoinWindows& recent, const TimesBySource& closed,
                                               const OlderMinutes* older) {
  const TimeSpan range{query.from ? NextIntervalStart(*query.from, query.interval) : kNoTime,
                       query.to ? NextIntervalStart(*query.to, query.interval) : Timestamp::max()};
  if (!query.fill_previous) return PlainPage(query, range, recent, closed, older);
  AllMinutes minutes(recent, older);
  CS_ASSIGN(auto page, FilledPage(query, range, minutes, closed));
  if (minutes.lacks_table()) return std::nullopt;
  return page;
}

}  // namespace cryptostream
