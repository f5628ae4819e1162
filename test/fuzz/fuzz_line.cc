// Any bytes as a recorded line, in each of the formats (a Binance frame among them): rows that bronze can hold, and nothing else.
#include <memory>

#include "market/parse.h"
#include "source/line_decoder.h"
#include "test/fuzz/input.h"

using namespace cryptostream;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MessageParser parser;
  constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};
  for (ReplayFormat format : {ReplayFormat::kBinanceFrames, ReplayFormat::kMessages, ReplayFormat::kCoinGeckoMarkets}) {
    auto decoder = MakeLineDecoder(format, "", DefaultSymbols());
    RawBatch batch;
    decoder->Read(Text(data, size), true);
    decoder->Append(11, kNow, batch);
    CheckBatch(batch);
    for (std::size_t i = 0; i < batch.rows(); ++i) {
      CS_CHECK(batch.row(i).offset == 11);
      auto tick = parser.Parse(batch.row(i).value, Name("x"), kNow);
      CS_CHECK(tick || !tick.error().Text().empty());
    }
  }
  return 0;
}
