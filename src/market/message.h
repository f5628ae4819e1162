#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "market/parse.h"

namespace cryptostream {

// Appends `time` as decimal epoch seconds with `digits` (3 or 6) fraction digits: "1723161254.087891".
void AppendEpochSeconds(Timestamp time, int digits, std::string& out);

// One row of /coins/markets as a message of topic crypto-raw (docs/tables.md, docs/kafka.md). Views live until the next Build().
struct MarketMessage {
  std::string_view coin_id;       // empty when the row has no usable one
  std::string_view last_updated;  // text as given, without quotes; empty when absent
  std::string_view value;         // the message
};

// Builds messages out of the provider's objects. The seed's four keys come first, numbers keep the provider's own digits, and
// `raw` is the provider's object byte for byte. A wrong type or a missing price is copied as it is (absent: null): silver
// judges rows, this only translates. Keeps buffers between calls: one builder a thread.
class MarketMessageBuilder {
 public:
  MarketMessageBuilder();
  ~MarketMessageBuilder();

  // In: one JSON object; when its price was observed; the venue for `source`; the currency, empty where nobody knows it.
  // Errors: the reason why no message can be made of it (no object, not UTF-8, broken brackets, a key twice, too large).
  std::expected<MarketMessage, ParseReject> Build(std::string_view object, Timestamp observed, std::string_view source,
                                                  std::string_view quote);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// One point of /coins/{id}/market_chart; the numbers are the provider's own text, or "null".
struct ChartPoint {
  std::int64_t time_ms;
  std::string_view price;
  std::string_view market_cap;
  std::string_view volume_24h;
};
// Appends the point's message. Nothing in it depends on the run, so that a repeated backfill gives equal rows.
void AppendChartMessage(const ChartPoint& point, std::string_view coin_id, std::string_view quote, std::string& out);

// One trade; price and quantity are JSON text as received, quotes included.
struct TradeFields {
  Timestamp time;
  std::string_view coin_id;
  std::string_view price;
  std::string_view quantity;
  std::string_view trade_id;
  std::string_view symbol;
  std::string_view source;
  std::string_view quote;  // empty where nobody knows it
};
// Appends the trade's message. Requires: coin_id, symbol, source and quote pass IsValidName, so that they need no escapes.
void AppendTradeMessage(const TradeFields& trade, std::string& out);

// One bar; numbers are JSON text as received, empty where the source does not say them.
struct BarFields {
  Timestamp end;  // its last instant
  std::int64_t seconds;
  std::string_view coin_id, source, symbol, quote;
  std::string_view open, high, low, close, volume, vwap, trades;
};
// Appends the bar's message. Requires: as of a trade's.
void AppendBarMessage(const BarFields& bar, std::string& out);

}  // namespace cryptostream
