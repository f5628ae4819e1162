// Frames as recordings hold them: wrapped, bare, and such as nobody sends.
#include "source/binance_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

constexpr Timestamp kNow{std::chrono::seconds(1'723'000'000)};
constexpr std::string_view kTrade =
    R"({"e":"trade","E":1723000000001,"s":"BTCUSDT","t":7,"p":"61837.63000000","q":"0.10000000","T":1723000000000,"m":true})";

RawBatch Decoded(const std::string& line) {
  BinanceFrameDecoder decoder("binance_spot", {{"BTCUSDT", "bitcoin"}});
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
