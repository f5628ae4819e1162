#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "live/series.h"
#include "market/exact_sum.h"
#include "market/table_columns.h"

namespace cryptostream {

// What the API says of a bar of any length.
struct BarFigures {
  Name source;  // empty: several contributed
  Name quote;   // the currency of the prices: one a bar
  double open = kNull, high = kNull, low = kNull, close = kNull, avg = kNull;
  double volume = kNull, vwap = kNull;
  std::int64_t samples = 0;
  bool closed = true, committed = true;
};

// A figure's name in JSON, its place in a bar (`Of`), and the column of gold that a minute has it from.
template <auto kMember, auto... kGold>
struct BarField : Column<kMember> {
  std::string_view name;
  bool may_be_null = false;
  using InGold = Column<kGold...>;
  static constexpr std::string_view GoldColumn() { return std::get<InGold>(kGoldColumns).info.name; }
};

// In the order in which they are answered. SQL over gold, the JSON of bars and its description are made from this.
inline constexpr auto kBarFields = std::tuple(
    BarField<&BarFigures::open, &GoldRow::open>{{}, "open"}, BarField<&BarFigures::high, &GoldRow::max_price>{{}, "high"},
    BarField<&BarFigures::low, &GoldRow::min_price>{{}, "low"}, BarField<&BarFigures::close, &GoldRow::close>{{}, "close"},
    BarField<&BarFigures::avg, &GoldRow::avg_price>{{}, "avg"},
    BarField<&BarFigures::volume, &GoldRow::volume>{{}, "volume", true},
    BarField<&BarFigures::vwap, &GoldRow::vwap>{{}, "vwap", true},
    BarField<&BarFigures::samples, &GoldRow::samples>{{}, "samples"},
    BarField<&BarFigures::source, &GoldRow::key, &WindowKey::source>{{}, "source", true},
    BarField<&BarFigures::quote, &GoldRow::key, &WindowKey::quote>{{}, "quote"});
// closed and committed are no columns, and take one word.
static_assert(BytesOfColumns<BarFigures>(kBarFields) + alignof(BarFigures) == sizeof(BarFigures), "a figure without a field");

// What the API needs of a 1-minute window, from memory or from the table, or of an hour or a day of the rollups.
struct Minute : BarFigures {
  Timestamp start{};
  std::chrono::minutes length = kWindow;
};
Minute ToMinute(const WindowView& view);

// One bar of an interval.
struct Candle : BarFigures {
  Timestamp open_time{}, close_time{};  // [open, close)
};

// The intervals of the API: "1m", "5m", "15m", "1h", "4h", "1d".
std::optional<std::chrono::minutes> ParseInterval(std::string_view text);
std::string_view IntervalNames();  // for messages

// The start of the interval that holds `time`; intervals are counted from the epoch, so days begin at 00:00 UTC.
Timestamp IntervalStart(Timestamp time, std::chrono::minutes interval);
// `time` itself if an interval starts there, else the next start.
Timestamp NextIntervalStart(Timestamp time, std::chrono::minutes interval);

// The sums of one bar while it is folded: avg weighted by samples, vwap by volume, exact and rounded once, as in the rollups
// (market/rollup.h). A bar of one part has that part's figures, untouched.
class BarSum {
 public:
  BarSum(Timestamp open_time, std::chrono::minutes length);
  Timestamp open_time() const { return bar_.start; }
  // Requires: parts ascend.
  void Add(const Minute& part);
  // The bar: closed when its last minute is.
  Minute Finish() const;

 private:
  Minute bar_;
  std::size_t parts_ = 0;
  double first_avg_ = kNull, first_vwap_ = kNull;
  ExactSum avg_;
  VolumeSums traded_;
};

// Folds ascending minutes to bars. Hours and days may come whole, out of the rollups, in the place of their minutes: the bars are
// the same to the bit. So that this holds for 4 hours, which have no table, they are four hours folded. A bar without rows in
// its last minute is judged by who knows the source's closed time.
class CandleFolder {
 public:
  explicit CandleFolder(std::chrono::minutes interval);
  // In: a minute, or a period that the interval is made of.
  void Add(const Minute& part);
  // The bars so far, the last one included.
  std::vector<Candle> Take();

 private:
  void FlushHour();
  void AddToBar(const Minute& part);
  void FlushBar();

  const std::chrono::minutes interval_;
  const bool by_hours_;
  std::vector<Candle> done_;
  std::optional<BarSum> hour_, bar_;
};

// Puts a flat bar without samples, at the close before, wherever `range` has no bar. `before` is the bar whose close
// the range begins with; without it the bars begin with the first of `candles`.
// Requires: the range begins and ends at interval starts, and `candles` ascend in it.
std::vector<Candle> FillPrevious(const std::vector<Candle>& candles, const std::optional<Candle>& before, TimeSpan range,
                                 std::chrono::minutes interval);

}  // namespace cryptostream
