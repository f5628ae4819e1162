#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "market/exact_sum.h"
#include "market/tick.h"
#include "serve/series.h"

namespace cryptostream {

// What the API needs of a 1-minute window, from memory or from the table.
struct Minute {
  Timestamp start{};
  Name source;
  double open = kNull, high = kNull, low = kNull, close = kNull, avg = kNull;
  double volume = kNull, vwap = kNull;
  std::int64_t samples = 0;
  bool closed = true, committed = true;
};
Minute ToMinute(const WindowView& view);

// One bar of an interval.
struct Candle {
  Timestamp open_time{}, close_time{};  // [open, close)
  Name source;                          // of its newest minute
  double open = kNull, high = kNull, low = kNull, close = kNull, avg = kNull;
  double volume = kNull, vwap = kNull;
  std::int64_t samples = 0;
  bool closed = true, committed = true;
};

// The intervals of the API: "1m", "5m", "15m", "1h", "4h", "1d".
std::optional<std::chrono::minutes> ParseInterval(std::string_view text);
std::string_view IntervalNames();  // for messages

// The start of the interval that holds `time`; intervals are counted from the epoch, so days begin at 00:00 UTC.
Timestamp IntervalStart(Timestamp time, std::chrono::minutes interval);
// `time` itself if an interval starts there, else the next start.
Timestamp NextIntervalStart(Timestamp time, std::chrono::minutes interval);

// Folds ascending minutes to bars: avg weighted by samples, vwap by volume, sums exact and rounded once. A bar is closed when
// its last minute is; a bar without rows in its last minute is judged by who knows the source's closed time.
class CandleFolder {
 public:
  explicit CandleFolder(std::chrono::minutes interval) : interval_(interval) {}
  void Add(const Minute& minute);
  // The bars so far, the last one included.
  std::vector<Candle> Take();

 private:
  void Flush();

  const std::chrono::minutes interval_;
  std::vector<Candle> done_;
  std::optional<Candle> current_;
  std::size_t minutes_ = 0;
  double first_avg_ = kNull, first_vwap_ = kNull;
  ExactSum avg_, volume_, turnover_;
};

// Puts bars without samples where there are none, at the close before: between the first and the last one, at most `limit`
// in all (the newest if `keep_newest`).
std::vector<Candle> FillPrevious(const std::vector<Candle>& candles, std::chrono::minutes interval, std::size_t limit,
                                 bool keep_newest);

}  // namespace cryptostream
