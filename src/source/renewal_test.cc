// Rejected bytes become again what their source makes of them, under the symbols of now; what was cut never goes out.
#include "source/renewal.h"

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
  Renewal what;
  RawBatch batch;
};
Renewed Renew(const Reject& reject, SymbolMap symbols = DefaultSymbols()) {
  Renewed out;
  out.batch.source = reject.source;
  out.what = Renewer(std::move(symbols)).Renew(reject, 42, kNow, out.batch);
  return out;
}

TEST(RenewalTest, AFrameBecomesATradeOnceItsSymbolIsMapped) {
  Reject reject = Rejected("binance_spot", "source", "unmapped_symbol", kFrame);
  auto known = Renew(reject, {{"NEWUSDT", "newcoin"}});
  ASSERT_EQ(known.what, Renewal::kSent);
  ASSERT_EQ(known.batch.rows(), 1u);
  EXPECT_EQ(known.batch.row(0).key, "newcoin");
  EXPECT_EQ(known.batch.row(0).offset, 42);
  EXPECT_EQ(known.batch.row(0).received, reject.received) << "a recorded frame has its own receive time";
  EXPECT_THAT(known.batch.row(0).value, HasSubstr(R"("coin_id":"newcoin","price":"1.50")"));

  auto unknown = Renew(reject);
  EXPECT_EQ(unknown.what, Renewal::kSent);
  ASSERT_EQ(unknown.batch.rejects.size(), 1u);
  EXPECT_EQ(unknown.batch.rejects[0].reason, "unmapped_symbol");
  EXPECT_EQ(unknown.batch.rejects[0].value, kFrame);
}

TEST(RenewalTest, AMessageStaysAsItIs) {
  for (const char* stage : {"source", "bronze", "silver"}) {
    auto broken = Renew(Rejected("coingecko", stage, "malformed_json", "{broken"));
    ASSERT_EQ(broken.what, Renewal::kSent) << stage;
    EXPECT_EQ(broken.batch.row(0).value, "{broken");
    EXPECT_EQ(broken.batch.row(0).key, std::nullopt);
    EXPECT_EQ(broken.batch.row(0).received, kNow) << "it is received again";
  }
  std::string good = R"({"timestamp":1723161254,"coin_id":"bitcoin","price":1})";
  EXPECT_EQ(Renew(Rejected("coingecko", "silver", "future_timestamp", good)).batch.row(0).key, "bitcoin");
  auto frame_in_bronze = Renew(Rejected("binance_spot", "silver", "wrong_type: price", kFrame));
  EXPECT_EQ(frame_in_bronze.batch.row(0).value, kFrame) << "what bronze has is a message, whatever it looks like";
}

TEST(RenewalTest, AProvidersObjectIsObservedWhenItWasReceived) {
  std::string object = R"({"id":"bitcoin","current_price":61837.5,"last_updated":"2024-08-08T23:54:00Z"})";
  auto renewed = Renew(Rejected("coingecko", "source", "duplicate_key", object));
  ASSERT_EQ(renewed.what, Renewal::kSent);
  EXPECT_THAT(renewed.batch.row(0).value, StartsWith(R"({"timestamp":1723161254.342)"));
  EXPECT_THAT(renewed.batch.row(0).value, HasSubstr("\"raw\":" + object));
}

TEST(RenewalTest, WhatIsNoMessageOrOnlyItsBeginningIsLeftOut) {
  EXPECT_EQ(Renew(Rejected("coingecko", "source", "no_value", "")).what, Renewal::kNotAMessage);
  EXPECT_EQ(Renew(Rejected("coingecko", "source", "bad_body: text/html", "<html>")).what, Renewal::kNotAMessage);
  EXPECT_EQ(Renew(Rejected("coingecko", "source", "malformed_json: cut", "[{\"id\":")).what, Renewal::kNotAMessage);
  EXPECT_EQ(Renew(Rejected("coingecko", "bronze", "too_large", "{}")).what, Renewal::kCut);
  EXPECT_EQ(Renew(Rejected("coingecko", "source", "malformed_json", std::string(512 << 10, 'x'))).what, Renewal::kCut);
  auto depth = Renew(Rejected("binance_spot", "source", "wrong_type: x", R"({"stream":"btcusdt@depth","data":{}})"));
  EXPECT_EQ(depth.what, Renewal::kNotAMessage);
  EXPECT_TRUE(depth.batch.empty());
}

}  // namespace
}  // namespace cryptostream
