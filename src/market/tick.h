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

// An event may be ahead of its receive time by this much; beyond, the stamp is wrong and silver refuses the row.
inline constexpr std::chrono::seconds kFutureTolerance{5};

// One row of silver: a price observation (polled) or a trade.
struct Tick {
  Name coin;
  Name source;
  Name symbol;           // empty when absent
  Name quote;            // the currency of the price and of all figures of money: "usd"
  Timestamp event_time;  // api_timestamp: when the price was observed or the trade happened
  Timestamp ingested;    // receive time of the bronze row
  Timestamp last_updated = kNoTime;
  std::int64_t trade_id = kNoTradeId;
  double price = kNull;     // in `quote`, finite and > 0
  double quantity = kNull;  // base units, trades only
  double volume_24h = kNull;
  double market_cap = kNull;
  double price_change_24h = kNull;
  double price_change_percentage_24h = kNull;
  double high_24h = kNull;
  double low_24h = kNull;

  bool is_trade() const { return trade_id != kNoTradeId; }
};

}  // namespace cryptostream
