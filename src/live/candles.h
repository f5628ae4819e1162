#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "live/candle.h"
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
  Timestamp oldest;  // nothing is older
};

struct CandlePage {
  std::vector<Candle> candles;                  // ascending
  std::optional<Timestamp> next_from, next_to;  // where the next page begins (from) or ends (to); one of them, or the end
};

// Builds the bars of one coin from what memory holds and, where that does not reach, from the table. `closed`: source ->
// end of its closed windows. Out: nullopt when the table is needed and `older` is null. Errors: those of `older`.
Result<std::optional<CandlePage>> BuildCandles(const CandleQuery& query, const CoinWindows& recent, const TimesBySource& closed,
                                               const OlderMinutes* older);

}  // namespace cryptostream
