// Any bytes as a message: the engine's parser and the second reading of verification say the same of it.
#include <bit>

#include "market/parse.h"
#include "test/fuzz/input.h"
#include "verify/second_reading.h"

using namespace cryptostream;

namespace {

void CheckSame(double engine, const std::optional<double>& again) {
  CS_CHECK(IsNull(engine) ? !again.has_value()
                          : again && std::bit_cast<std::uint64_t>(*again) == std::bit_cast<std::uint64_t>(engine));
}
void CheckSame(Name engine, const std::optional<std::string>& again) { CS_CHECK(engine.str() == again.value_or("")); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MessageParser parser;
  const Timestamp received = FromMicros(1'800'000'000'000'000);
  auto tick = parser.Parse(Text(data, size), Name("coingecko"), received);
  if (tick && tick->event_time > received + kFutureTolerance) {
    tick = std::unexpected(ParseReject{RejectReason::kFutureTimestamp, FormatRfc3339(tick->event_time)});
  }
  SecondReading again = ReadAgain(Text(data, size), "coingecko", ToMicros(received));
  CS_CHECK(tick.has_value() == again.good());
  if (!tick) {
    CS_CHECK(tick.error().reason == RejectReason::kTooManyNames || again.Explains(tick.error().Text()));
    return 0;
  }
  CheckSame(tick->coin, again.coin_id);
  CheckSame(tick->source, again.source);
  CheckSame(tick->symbol, again.symbol);
  CheckSame(tick->quote, again.quote);
  CS_CHECK(ToMicros(tick->event_time) == again.event_us);
  CS_CHECK(tick->last_updated == kNoTime ? !again.last_updated_us : again.last_updated_us == ToMicros(tick->last_updated));
  CS_CHECK(tick->is_trade() ? again.trade_id == tick->trade_id : !again.trade_id);
  CheckSame(tick->price, again.price);
  CheckSame(tick->quantity, again.quantity);
  CheckSame(tick->volume_24h, again.volume_24h);
  CheckSame(tick->market_cap, again.market_cap);
  CheckSame(tick->price_change_24h, again.price_change_24h);
  CheckSame(tick->price_change_percentage_24h, again.price_change_percentage_24h);
  CheckSame(tick->high_24h, again.high_24h);
  CheckSame(tick->low_24h, again.low_24h);
  CS_CHECK(tick->is_bar() ? again.bar_s == tick->bar_s : !again.bar_s);
  CS_CHECK(tick->trades != kNoTradeId ? again.trades == tick->trades : !again.trades);
  CheckSame(tick->open, again.open);
  CheckSame(tick->high, again.high);
  CheckSame(tick->low, again.low);
  CheckSame(tick->vwap, again.vwap);
  return 0;
}
