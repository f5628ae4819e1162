#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cryptostream {

// What a bronze message says, read a second time for verification: by other code than the engine's (market/parse.h), under the same rules.
struct SecondReading {
  // Every reason for which silver may refuse the message, as quarantine's column has it ("wrong_type: price"); of malformed_json the bare
  // word. More than one where several things are wrong: which of them the engine meets first is its own affair. Empty: it is a row.
  std::vector<std::string> reasons;
  std::optional<std::string> coin_id, source, symbol, quote;
  std::optional<std::int64_t> event_us, last_updated_us, trade_id, trades, bar_s;
  std::optional<double> price, quantity, volume_24h, market_cap, price_change_24h, price_change_percentage_24h, high_24h, low_24h,
      open, high, low, vwap;

  bool good() const { return reasons.empty(); }
  // Whether a reason that quarantine gives is one of those; the words behind malformed_json are the parser's own.
  bool Explains(std::string_view reason) const;
};

// In: the message, the source that holds where it names none, the receive time.
SecondReading ReadAgain(std::string_view message, std::string_view default_source, std::int64_t received_us);

}  // namespace cryptostream
