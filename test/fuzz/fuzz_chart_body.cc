// Any bytes as an answer of CoinGecko's market_chart: points in order of time, or an error that leaves the batch as it was.
#include "market/parse.h"
#include "source/chart_decoder.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MessageParser parser;
  constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};
  RawBatch batch;
  auto rows = DecodeChart(Text(data, size), "bitcoin", "usd", kNow, 3, batch);
  CheckBatch(batch);
  if (!rows) {
    CS_CHECK(!rows.error().empty() && batch.empty());
    return 0;
  }
  CS_CHECK(*rows == batch.rows());
  Timestamp before = Timestamp::min();
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    auto tick = parser.Parse(batch.row(i).value, Name("coingecko_chart"), kNow);
    if (!tick) continue;
    CS_CHECK(tick->event_time >= before);
    before = tick->event_time;
  }
  return 0;
}
