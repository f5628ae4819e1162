// Any bytes as a message of the topic: a tick that silver can hold, or a reason; the same each time.
#include <cmath>

#include "market/parse.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MessageParser parser;
  const Name source("coingecko");
  auto tick = parser.Parse(Text(data, size), source, FromMicros(1'800'000'000'000'000));
  if (!tick) {
    CS_CHECK(!tick.error().Text().empty());
    return 0;
  }
  CS_CHECK(std::isfinite(tick->price) && tick->price >= kMinMagnitude && tick->price <= kMaxMagnitude);
  CS_CHECK(!tick->coin.str().empty() && IsUtf8(Text(data, size)));
  for (double value : {tick->quantity, tick->volume_24h, tick->market_cap, tick->high_24h})
    CS_CHECK(IsNull(value) || std::isfinite(value));
  auto again = parser.Parse(Text(data, size), source, FromMicros(1'800'000'000'000'000));
  CS_CHECK(again && again->price == tick->price && again->event_time == tick->event_time && again->coin == tick->coin);
  return 0;
}
