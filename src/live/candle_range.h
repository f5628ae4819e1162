#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "live/candle_fold.h"
#include "live/live.h"
#include "live/tail_plan.h"

namespace cryptostream {

// A range of bars, as Binance defines it: neither bound -> the latest `limit`; `from` -> the oldest from there; `to` -> the
// latest before it; both -> the oldest in [from, to).
struct CandleQuery {
  std::chrono::minutes interval{1};
  std::optional<Timestamp> from, to;  // of the bars' open times
  std::size_t limit = 500;
  bool fill_previous = false;
};

// Older minutes of one coin, in the table only.
struct OlderMinutes {
  std::function<Result<std::vector<Minute>>(Timestamp from, Timestamp to)> read;
  // Where the newest minute before, and the oldest minute at or after a time, starts.
  std::function<Result<std::optional<Timestamp>>(Timestamp)> newest_before, oldest_from;
  Timestamp oldest;  // nothing is older
};

struct CandlePage {
  std::vector<Candle> candles;                  // ascending
  std::optional<Timestamp> next_from, next_to;  // where the next page begins (from) or ends (to); one of them, or the end
};

// Whether a bar without rows in its last minute is over. `closed`: source -> end of its closed windows. Of a bar that several sources made the
// time decides up to which rows are chosen.
bool IsOver(const Candle& candle, const TimesBySource& closed);
// Bars of ascending minutes. `closed`: source -> end of its closed windows.
std::vector<Candle> FoldMinutes(const std::vector<Minute>& minutes, std::chrono::minutes interval, const TimesBySource& closed);

// Builds the bars of one coin from what memory holds and, where that does not reach, from the table. Following
// next_from or next_to gives the bars that one large page gives, whatever is filled. Out: nullopt when the table is
// needed and `older` is null. Errors: those of `older`.
Result<std::optional<CandlePage>> BuildCandles(const CandleQuery& query, const CoinWindows& recent, const TimesBySource& closed,
                                               const OlderMinutes* older);

}  // namespace cryptostream
