// Any bytes as an answer of CoinGecko's /coins/markets: rows of messages that silver parses, rejects with a reason, or an error that
// leaves the batch as it was.
#include "market/parse.h"
#include "source/markets_decoder.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MarketsDecoder decoder;
  static MessageParser parser;
  constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};
  RawBatch batch;
  auto seen = decoder.Decode(Text(data, size), kNow, kNow, 7, batch);
  CheckBatch(batch);
  if (!seen) {
    CS_CHECK(!seen.error().empty() && batch.empty());
    return 0;
  }
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    CS_CHECK(batch.row(i).offset == 7);
    auto tick = parser.Parse(batch.row(i).value, Name("coingecko"), kNow);
    CS_CHECK(tick || !tick.error().Text().empty());
  }
  return 0;
}
