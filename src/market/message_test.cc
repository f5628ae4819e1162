// Messages as text, and read back by the parser that silver uses.
#include "market/message.h"

#include <gtest/gtest.h>

#include "market/parse.h"

namespace cryptostream {
namespace {

const Timestamp kObserved = FromMicros(1'763'800'000'123'457);

std::string Built(std::string_view object) {
  MarketMessageBuilder builder;
  auto message = builder.Build(object, kObserved, "coingecko", "usd");
  return message ? std::string(message->value) : message.error().Text();
}

TEST(MarketMessage, HasTheFourOldKeysFirstAndTheProvidersBytesLast) {
  std::string object =
      R"({"id":"bitcoin","symbol":"btc","current_price":8.8782e-8,"market_cap": 99999999999999999999 ,"total_volume":43195388877.0,)"
      R"("high_24h":null,"last_updated":"2026-04-21T19:44:21.496Z","extra":{"a":[1, 2]}})";
  EXPECT_EQ(Built(object),
            R"({"timestamp":1763800000.123457,"coin_id":"bitcoin","price":8.8782e-8,"volume_24h":43195388877.0,)"
            R"("market_cap":99999999999999999999,"price_change_24h":null,"price_change_percentage_24h":null,"high_24h":null,)"
            R"("low_24h":null,"last_updated":"2026-04-21T19:44:21.496Z","source":"coingecko","quote":"usd","raw":)" +
                object + "}");
}

TEST(MarketMessage, IsReadBackExactly) {
  MarketMessageBuilder builder;
  auto message = builder.Build(
      R"({"id":"shiba","current_price":3.7e-10,"market_cap":18446744073709551616,"last_updated":"2026-04-21T19:44:21.496Z"})",
      kObserved, "coingecko", "eur");
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->coin_id, "shiba");
  EXPECT_EQ(message->last_updated, "2026-04-21T19:44:21.496Z");
  auto tick = MessageParser().Parse(message->value, Name("other"), kObserved);
  ASSERT_TRUE(tick.has_value()) << tick.error().Text();
  EXPECT_EQ(tick->event_time, kObserved);
  EXPECT_EQ(tick->price, 3.7e-10);
  EXPECT_EQ(tick->market_cap, 18446744073709551616.0);
  EXPECT_TRUE(IsNull(tick->volume_24h));
  EXPECT_EQ(tick->source, Name("coingecko"));
  EXPECT_EQ(tick->quote, Name("eur"));
}

TEST(MarketMessage, ABadRowIsStillAMessageForSilverToRefuse) {
  struct Case {
    const char* object;
    RejectReason reason;
  };
  std::string deep = R"({"id":"a","current_price":1,"x":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  for (const Case& bad :
       {Case{R"({"id":"a","current_price":null})", RejectReason::kMissingPrice},
        Case{R"({"id":"a","current_price":{"usd":1}})", RejectReason::kWrongType},
        Case{R"({"id":"a","current_price":1e999})", RejectReason::kBadNumber},
        Case{R"({"id":"a","current_price":-1})", RejectReason::kPriceNotPositive},
        Case{R"({"id":7,"current_price":1})", RejectReason::kWrongType},
        Case{R"({"current_price":1})", RejectReason::kMissingCoinId}, Case{deep.c_str(), RejectReason::kTooDeep}}) {
    auto tick = MessageParser().Parse(Built(bad.object), Name("coingecko"), kObserved);
    ASSERT_FALSE(tick.has_value()) << bad.object;
    EXPECT_EQ(tick.error().reason, bad.reason) << tick.error().Text();
  }
}

TEST(MarketMessage, OfSomeRowsNoMessageCanBeMade) {
  EXPECT_EQ(Built("7"), "not_an_object");
  EXPECT_EQ(Built("{\"id\":\"\xff\"}"), "not_utf8");
  EXPECT_EQ(Built(R"({"id":"a","current_price":1,"current_price":2})"), "duplicate_key: current_price");
  EXPECT_TRUE(Built(R"({"id":"a")").starts_with("malformed_json"));
}

TEST(MarketMessage, AnIdThatIsNoNameGivesNoKey) {
  MarketMessageBuilder builder;
  EXPECT_EQ(builder.Build(R"({"id":"a b"})", kObserved, "coingecko", "")->coin_id, "");
  EXPECT_EQ(builder.Build(R"({"id":null})", kObserved, "coingecko", "")->coin_id, "");
}

TEST(ChartMessage, CarriesNothingOfTheRun) {
  std::string message;
  AppendChartMessage({1613347200000, "48607.8745224845", "905000000000.1", "null"}, "bitcoin", "usd", message);
  EXPECT_EQ(message, R"({"timestamp":1613347200.000,"coin_id":"bitcoin","price":48607.8745224845,"volume_24h":null,)"
                     R"("market_cap":905000000000.1,"source":"coingecko_chart","quote":"usd"})");
  auto tick = MessageParser().Parse(message, Name("x"), kObserved);
  EXPECT_EQ(tick.value().event_time, FromMicros(1'613'347'200'000'000));
}

TEST(TradeMessage, CopiesPriceAndQuantityWithTheirQuotes) {
  std::string message;
  AppendTradeMessage({FromMicros(1'723'161'255'342'000), "bitcoin", "\"61837.63000000\"", "\"0.02000000\"", "3735683259",
                      "BTCUSDT", "binance_spot", "usdt"},
                     message);
  EXPECT_EQ(message, R"({"timestamp":1723161255.342,"coin_id":"bitcoin","price":"61837.63000000","quantity":"0.02000000",)"
                     R"("trade_id":3735683259,"symbol":"BTCUSDT","source":"binance_spot","quote":"usdt"})");
  auto tick = MessageParser().Parse(message, Name("x"), kObserved);
  ASSERT_TRUE(tick.has_value()) << tick.error().Text();
  EXPECT_EQ(tick->trade_id, 3735683259);
  EXPECT_EQ(tick->quantity, 0.02);
}

TEST(EpochSeconds, KeepsTimesBefore1970InOrder) {
  std::string text;
  AppendEpochSeconds(FromMicros(7), 6, text);
  EXPECT_EQ(text, "0.000007");
}

}  // namespace
}  // namespace cryptostream
