// Rejected bytes become again what their source makes of them, under the symbols of now; what was cut never goes out.
#include "source/reparse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr Timestamp kNow{std::chrono::microseconds(1'800'000'000'000'000)};
constexpr const char* kFrame =
    R"(1723161254342000000 {"stream":"newusdt@trade","data":{"e":"trade","s":"NEWUSDT","t":7,"p":"1.50","q":"2","T":1723161254342}})";

Reject Rejected(std::string source, std::string stage, std::string reason, std::string value) {
  Reject reject;
  reject.source = std::move(source);
  reject.stage = std::move(stage);
  reject.reason = std::move(reason);
  reject.value = std::move(value);
  reject.received = Timestamp(std::chrono::microseconds(1'723'161'254'342'000));
  return reject;
}

struct Renewed {
  ReparseOutcome what;
  RawBatch batch;
};
Renewed Reparse(const Reject& reject, SymbolMap symbols = DefaultSymbols()) {
  Renewed out;
  out.batch.source = reject.source;
  out.what = Reparser(std::move(symbols)).Reparse(reject, 42, kNow, out.batch);
  return out;
}

TEST(ReparseTest, AFrameBecomesATradeOnceItsSymbolIsMapped) {
  Reject reject = Rejected("binance_spot", "source", "unmapped_symbol", kFrame);
  auto known = Reparse(reject, {{"NEWUSDT", "newcoin"}});
  ASSERT_EQ(known.what, ReparseOutcome::kSent);
  ASSERT_EQ(known.batch.rows(), 1u);
  EXPECT_EQ(known.batch.row(0).key, "newcoin");
  EXPECT_EQ(known.batch.row(0).offset, 42);
  EXPECT_EQ(known.batch.row(0).received, reject.received) << "a recorded frame has its own receive time";
  EXPECT_THAT(known.batch.row(0).value, HasSubstr(R"("coin_id":"newcoin","price":"1.50")"));

  auto unknown = Reparse(reject);
  EXPECT_EQ(unknown.what, ReparseOutcome::kSent);
  ASSERT_EQ(unknown.batch.rejects.size(), 1u);
  EXPECT_EQ(unknown.batch.rejects[0].reason, "unmapped_symbol");
  EXPECT_EQ(unknown.batch.rejects[0].value, kFrame);
}

TEST(ReparseTest, AMessageStaysAsItIs) {
  for (const char* stage : {"source", "bronze", "silver"}) {
    auto broken = Reparse(Rejected("coingecko", stage, "malformed_json", "{broken"));
    ASSERT_EQ(broken.what, ReparseOutcome::kSent) << stage;
    EXPECT_EQ(broken.batch.row(0).value, "{broken");
    EXPECT_EQ(broken.batch.row(0).key, std::nullopt);
    EXPECT_EQ(broken.batch.row(0).received, kNow) << "it is received again";
  }
  std::string good = R"({"timestamp":1723161254,"coin_id":"bitcoin","price":1})";
  EXPECT_EQ(Reparse(Rejected("coingecko", "silver", "future_timestamp", good)).batch.row(0).key, "bitcoin");
  auto frame_in_bronze = Reparse(Rejected("binance_spot", "silver", "wrong_type: price", kFrame));
  EXPECT_EQ(frame_in_bronze.batch.row(0).value, kFrame) << "what bronze has is a message, whatever it looks like";
}

TEST(ReparseTest, AProvidersObjectIsObservedWhenItWasReceived) {
  std::string object = R"({"id":"bitcoin","current_price":61837.5,"last_updated":"2024-08-08T23:54:00Z"})";
  auto reparsed = Reparse(Rejected("coingecko", "source", "duplicate_key", object));
  ASSERT_EQ(reparsed.what, ReparseOutcome::kSent);
  EXPECT_THAT(reparsed.batch.row(0).value, StartsWith(R"({"timestamp":1723161254.342)"));
  EXPECT_THAT(reparsed.batch.row(0).value, HasSubstr("\"raw\":" + object));
}

TEST(ReparseTest, WhatIsNoMessageOrOnlyItsBeginningIsLeftOut) {
  EXPECT_EQ(Reparse(Rejected("coingecko", "source", "no_value", "")).what, ReparseOutcome::kNotAMessage);
  EXPECT_EQ(Reparse(Rejected("coingecko", "source", "bad_body: text/html", "<html>")).what, ReparseOutcome::kNotAMessage);
  EXPECT_EQ(Reparse(Rejected("coingecko", "source", "malformed_json: cut", "[{\"id\":")).what, ReparseOutcome::kNotAMessage);
  EXPECT_EQ(Reparse(Rejected("coingecko", "bronze", "too_large", "{}")).what, ReparseOutcome::kCut);
  EXPECT_EQ(Reparse(Rejected("coingecko", "source", "malformed_json", std::string(512 << 10, 'x'))).what, ReparseOutcome::kCut);
  auto depth = Reparse(Rejected("binance_spot", "source", "wrong_type: x", R"({"stream":"btcusdt@depth","data":{}})"));
  EXPECT_EQ(depth.what, ReparseOutcome::kNotAMessage);
  EXPECT_TRUE(depth.batch.empty());
}

TEST(ReparseTest, ABarGetsItsCoinOnceItsSymbolIsMapped) {
  Reject reject =
      Rejected("ohlcv_csv", "source", "unmapped_symbol: NEWUSDT",
               R"({"timestamp":59.999,"coin_id":"","price":1,"open":1,"high":1,"low":1,"bar_s":60,"symbol":"NEWUSDT"})");
  auto known = Reparse(reject, {{"NEWUSDT", "newcoin"}});
  ASSERT_EQ(known.batch.rows(), 1u);
  EXPECT_EQ(
      known.batch.row(0).value,
      R"({"timestamp":59.999,"coin_id":"newcoin","price":1,"open":1,"high":1,"low":1,"bar_s":60,"symbol":"NEWUSDT","quote":"usdt"})");
  auto unknown = Reparse(reject);
  ASSERT_EQ(unknown.batch.rejects.size(), 1u);
  EXPECT_EQ(unknown.batch.rejects[0].value, reject.value);
}

}  // namespace
}  // namespace cryptostream
