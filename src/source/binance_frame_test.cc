// Frames as recordings hold them: wrapped, bare, and such as nobody sends.
#include "source/binance_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

constexpr Timestamp kNow{std::chrono::seconds(1'723'000'000)};
constexpr std::string_view kTrade =
    R"({"e":"trade","E":1723000000001,"s":"BTCUSDT","t":7,"p":"61837.63000000","q":"0.10000000","T":1723000000000,"m":true})";

RawBatch Decoded(const std::string& line, const Symbol& symbol = "bitcoin") {
  BinanceFrameDecoder decoder("binance_spot", {{"BTCUSDT", symbol}});
  RawBatch batch;
  decoder.Read(line, true);
  decoder.Append(1, kNow, batch);
  return batch;
}

TEST(BinanceFrame, ATradeIsReadBareAndWrapped) {
  std::string bare(kTrade), wrapped = R"({"stream":"btcusdt@trade","data":)" + bare + "}";
  RawBatch one = Decoded(bare), other = Decoded(wrapped);
  ASSERT_EQ(one.rows(), 1u);
  ASSERT_EQ(other.rows(), 1u);
  EXPECT_EQ(one.row(0).value, other.row(0).value);
}

TEST(BinanceFrame, ATradesCurrencyIsTheSymbolsEndOrWhatIsConfigured) {
  auto ends = [](const RawBatch& batch, const std::string& end) { return std::string(batch.row(0).value).ends_with(end); };
  EXPECT_TRUE(ends(Decoded(std::string(kTrade)), R"("quote":"usdt"})"));
  EXPECT_TRUE(ends(Decoded(std::string(kTrade), Symbol("bitcoin", "try")), R"("quote":"try"})"));
}

TEST(BinanceFrame, DepthCostsNothing) {
  constexpr int kDepth = 100'000;
  std::string line = "1723000000000 ";
  for (int i = 0; i < kDepth; ++i) line += R"({"data":)";
  line += kTrade;
  line += std::string(kDepth, '}');
  EXPECT_EQ(Decoded(line).rows(), 0u);
}

}  // namespace
}  // namespace cryptostream
