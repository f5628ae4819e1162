#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/time.h"
#include "market/name.h"

namespace cryptostream {

inline constexpr double kNull = std::numeric_limits<double>::quiet_NaN();  // an absent number; no valid number is NaN
inline bool IsNull(double value) { return std::isnan(value); }
inline constexpr Timestamp kNoTime = Timestamp::min();
inline constexpr std::int64_t kNoTradeId = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int32_t kNoLength = std::numeric_limits<std::int32_t>::min();

// An event may be ahead of its receive time by this much; beyond, the stamp is wrong and silver refuses the row.
inline constexpr std::chrono::seconds kFutureTolerance{5};

// One row of silver: a price observation (polled), a trade, or a bar, which sums up the trades of a time. A bar's event time is its last
// instant and its price the one at its end, so that it is a true observation for whoever knows nothing of bars.
struct Tick {
  Name coin;
  Name source;
  Name symbol;           // empty when absent
  Name quote;            // the currency of the price and of all figures of money: "usd"
  Timestamp event_time;  // api_timestamp: when the price was observed or the trade happened
  Timestamp ingested;    // receive time of the bronze row
  Timestamp last_updated = kNoTime;
  std::int64_t trade_id = kNoTradeId;
  std::int32_t bar_s = kNoLength;  // of a bar: its length, a divisor of a minute; beside what every reader of ticks looks at
  double price = kNull;            // in `quote`, finite and > 0
  double quantity = kNull;         // base units, of trades and bars
  double volume_24h = kNull;
  double market_cap = kNull;
  double price_change_24h = kNull;
  double price_change_percentage_24h = kNull;
  double high_24h = kNull;
  double low_24h = kNull;
  double open = kNull, high = kNull, low = kNull;  // of a bar, as the price
  double vwap = kNull;                             // of a bar, where its source says it
  std::int64_t trades = kNoTradeId;                // of a bar, where its source says it

  bool is_trade() const { return trade_id != kNoTradeId; }
  bool is_bar() const { return bar_s != kNoLength; }
  // When a bar begins: bars of a length lie side by side from the epoch on.
  Timestamp bar_start() const {
    return event_time - (event_time.time_since_epoch() % std::chrono::microseconds(std::chrono::seconds(bar_s)));
  }
};

}  // namespace cryptostream
