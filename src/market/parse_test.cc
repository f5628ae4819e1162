// What a message becomes, and why some become nothing.
#include "market/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "market/decimal.h"

namespace cryptostream {
namespace {

const Timestamp kReceived = FromMicros(1'763'800'001'000'000);

std::expected<Tick, ParseReject> Parse(std::string_view message) {
  static MessageParser parser;
  return parser.Parse(message, Name("coingecko"), kReceived);
}
std::string Why(std::string_view message) {
  auto tick = Parse(message);
  return tick ? "accepted" : std::string(RejectText(tick.error().reason));
}
// A good message with one more or another member.
std::string With(std::string_view member) {
  return R"({"timestamp":1763800000.123457,"coin_id":"bitcoin","price":97000.5,)" + std::string(member) + "}";
}

TEST(MessageParser, ReadsTheOriginalsFourKeys) {
  auto tick = Parse(R"({"timestamp": 1763800000.123457, "coin_id": "bitcoin", "price": 97000.5, "volume_24h": 1234567890.12})");
  ASSERT_TRUE(tick) << tick.error().Text();
  EXPECT_EQ(tick->coin.str(), "bitcoin");
  EXPECT_EQ(tick->source.str(), "coingecko");
  EXPECT_EQ(ToMicros(tick->event_time), 1763800000123457);
  EXPECT_EQ(tick->price, 97000.5);
  EXPECT_EQ(tick->volume_24h, 1234567890.12);
  EXPECT_EQ(tick->ingested, kReceived);
  EXPECT_TRUE(IsNull(tick->market_cap));
  EXPECT_FALSE(tick->is_trade());
}

TEST(MessageParser, ReadsACurrencyInWhateverCase) {
  EXPECT_EQ(Parse(With(R"("quote":"usdt")"))->quote.str(), "usdt");
  EXPECT_EQ(Parse(With(R"("quote":"EUR")"))->quote.str(), "eur");
  EXPECT_EQ(Parse(With(R"("quote":"EUR","symbol":"EUR")"))->symbol.str(), "EUR");
  EXPECT_EQ(Parse(With(R"("symbol":"GBP","quote":"GBP")"))->quote.str(), "gbp");
  EXPECT_TRUE(Parse(With(R"("quote":null)"))->quote.empty());
  EXPECT_TRUE(Parse(With(R"("quote":"")"))->quote.empty());
  for (const char* bad : {R"("quote":7)", R"("quote":"us d")", R"("quote":"US-D")", R"("quote":"abcdefghijklmnopq")"}) {
    EXPECT_EQ(Parse(With(bad)).error().Text(), "wrong_type: quote") << bad;
  }
}

TEST(MessageParser, ReadsATradeWithNumbersInStrings) {
  auto tick = Parse(
      R"({"timestamp":1723161255.342,"coin_id":"bitcoin","price":"61837.63000000","quantity":"0.02000000","trade_id":3735683259,"symbol":"BTCUSDT","source":"binance_spot"})");
  ASSERT_TRUE(tick) << tick.error().Text();
  EXPECT_EQ(tick->trade_id, 3735683259);
  EXPECT_EQ(tick->price, 61837.63);
  EXPECT_EQ(tick->quantity, 0.02);
  EXPECT_EQ(tick->symbol.str(), "BTCUSDT");
  EXPECT_EQ(tick->source.str(), "binance_spot");
}

TEST(MessageParser, TakesIntegersFloatsAndNullsAlike) {
  auto tick = Parse(With(
      R"("market_cap":1502944017171,"high_24h":null,"low_24h":8.8782e-8,"price_change_24h":-0.5,"last_updated":"2025-11-22T08:26:39.5Z")"));
  ASSERT_TRUE(tick) << tick.error().Text();
  EXPECT_EQ(tick->market_cap, 1502944017171.0);
  EXPECT_TRUE(IsNull(tick->high_24h));
  EXPECT_EQ(tick->low_24h, 8.8782e-8);
  EXPECT_EQ(FormatRfc3339(tick->last_updated), "2025-11-22T08:26:39.500Z");
}

// simdjson reads the usual number, our own decimal reader judges the rest: what they say must be one thing.
TEST(MessageParser, TakesTheNearestDoubleOfEveryNumber) {
  for (const char* text : {"0",
                           "-0",
                           "-0.0",
                           "0e5",
                           "0.1",
                           "1E5",
                           "1e+5",
                           "1e23",
                           "-1.5e-7",
                           "9007199254740993",
                           "18446744073709551616",
                           "589735030408322754999999",
                           "123456789012345678901234567890.123456789",
                           "1.7976931348623157e308",
                           "1.7976931348623159e308",
                           "1e309",
                           "2.2250738585072011e-308",
                           "4.9e-324",
                           "1e-400",
                           "00",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "0x10",
                           "1_000",
                           "-",
                           "1.5.2",
                           "1e5e5",
                           "Infinity",
                           "nan"}) {
    auto tick = Parse(With(std::string("\"volume_24h\":") + text));
    auto number = NearestDouble(text);
    EXPECT_EQ(tick.has_value(), number.has_value()) << text;
    if (tick && number) {
      EXPECT_EQ(tick->volume_24h, *number) << text;
    }
  }
}

TEST(MessageParser, IgnoresUnknownMembersHoweverLargeTheirNumbers) {
  EXPECT_EQ(Why(With(R"("raw":{"total_supply":589735030408322754999999,"x":[1e999,{"y":null}],"z":true})")), "accepted");
}

TEST(MessageParser, EveryKindOfBadMessageHasItsReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"{not json", "malformed_json"},
      {"", "malformed_json"},
      {"[1,2]", "not_an_object"},
      {"17", "not_an_object"},
      {"\xff\xfe{}", "not_utf8"},
      {R"({"a":1} x)", "malformed_json"},
      {R"({"coin_id":"a","price":1})", "missing_timestamp"},
      {R"({"timestamp":1,"price":1})", "missing_coin_id"},
      {R"({"timestamp":1,"coin_id":"a"})", "missing_price"},
      {R"({"timestamp":1,"coin_id":"a","price":null})", "missing_price"},
      {R"({"timestamp":1,"coin_id":"a","price":"high"})", "wrong_type"},
      {R"({"timestamp":1,"coin_id":"a","price":[1]})", "wrong_type"},
      {R"({"timestamp":1,"coin_id":7,"price":1})", "wrong_type"},
      {R"({"timestamp":true,"coin_id":"a","price":1})", "wrong_type"},
      {R"({"timestamp":1,"coin_id":"a","price":NaN})", "malformed_json"},
      {R"({"timestamp":1,"coin_id":"a","price":1e999})", "bad_number"},
      {R"({"timestamp":1,"coin_id":"a","price":1e-400})", "bad_number"},
      {R"({"timestamp":1,"coin_id":"a","price":0})", "price_not_positive"},
      {R"({"timestamp":1,"coin_id":"a","price":-5})", "price_not_positive"},
      {R"({"timestamp":1,"coin_id":"a","price":1e200})", "price_out_of_range"},
      {R"({"timestamp":-1,"coin_id":"a","price":1})", "bad_timestamp"},
      {R"({"timestamp":9e18,"coin_id":"a","price":1})", "bad_timestamp"},
      {R"({"timestamp":1,"coin_id":"a b","price":1})", "bad_coin_id"},
      {R"({"timestamp":1,"coin_id":"a\u0000b","price":1})", "bad_coin_id"},
      {R"({"timestamp":1,"coin_id":"a","price":1,"price":2})", "duplicate_key"},
      {With(R"("last_updated":"yesterday")"), "bad_timestamp"},
      {With(R"("last_updated":"9999-12-31T23:59:59.999001Z")"), "bad_timestamp"},
      {With(R"("last_updated":"9999-12-31T23:59:59.999Z")"), "accepted"},
      {With(R"("raw":{"x":01})"), "malformed_json"},
      {With(R"("raw":{"x":tru})"), "malformed_json"},
      {With(R"("raw":"\ud800")"), "malformed_json"},
      {With(R"("trade_id":1.5)"), "bad_number"},
      {With(R"("raw":)" + std::string(10'000, '[') + std::string(10'000, ']')), "too_deep"},
      {With(R"("raw":")" + std::string(kMaxMessageBytes, 'x') + "\""), "too_large"},
  };
  for (const auto& [message, reason] : cases) EXPECT_EQ(Why(message), reason) << message.substr(0, 100);
}

TEST(MessageParser, KnowsAKeyHoweverItIsWritten) {
  auto tick = Parse(R"({"timestamp":1,"c\u006fin_id":"a","pr\u0069ce":2.5,"vol\u0075me_24h":7})");
  ASSERT_TRUE(tick) << tick.error().Text();
  EXPECT_EQ(tick->coin.str(), "a");
  EXPECT_EQ(tick->price, 2.5);
  EXPECT_EQ(tick->volume_24h, 7);
  EXPECT_EQ(Why(R"({"timestamp":1,"coin_id":"a","price":1,"pr\u0069ce":2})"), "duplicate_key");
  EXPECT_EQ(Why(R"({"timestamp":1,"coin_id":"a","price":1,"pr\u00zzce":2})"), "malformed_json");
  EXPECT_EQ(Why(R"({"timestamp":1,"coin_id":"a","price":1,"x\"y":2,"":3})"), "accepted");
  for (const char* broken :
       {R"({"timestamp" 1})", R"({"timestamp"x:1})", R"({timestamp:1})", R"({"timestamp:1})", R"({"timestamp":1,})"}) {
    EXPECT_EQ(Why(broken), "malformed_json") << broken;
  }
}

TEST(MessageParser, ReadsOnAfterABadOne) {
  EXPECT_EQ(Why("{\"timestamp\":1,"), "malformed_json");
  EXPECT_EQ(Why(With(R"("volume_24h":1)")), "accepted");
}

std::string Bar(const std::string& more = "") {
  return R"({"timestamp":1763799959.999,"coin_id":"bitcoin","price":101,"open":100,"high":"103.5","low":99,"quantity":"2.5","vwap":100.25,)"
         R"("trades":12,"bar_s":60,"symbol":"BTCUSDT","source":"binance_usdm")" +
         more + "}";
}
std::string BarWith(const std::string& field, const std::string& value) {
  std::string bar = Bar();
  auto at = bar.find("\"" + field + "\":") + field.size() + 3;
  return bar.replace(at, bar.find_first_of(",}", at) - at, value);
}

TEST(MessageParser, ReadsABar) {
  auto tick = Parse(Bar());
  ASSERT_TRUE(tick) << tick.error().Text();
  EXPECT_TRUE(tick->is_bar());
  EXPECT_FALSE(tick->is_trade());
  EXPECT_EQ(tick->open, 100);
  EXPECT_EQ(tick->high, 103.5);
  EXPECT_EQ(tick->low, 99);
  EXPECT_EQ(tick->price, 101);
  EXPECT_EQ(tick->quantity, 2.5);
  EXPECT_EQ(tick->vwap, 100.25);
  EXPECT_EQ(tick->trades, 12);
  EXPECT_EQ(tick->bar_s, 60);
  EXPECT_EQ(ToMicros(tick->bar_start()), 1'763'799'900'000'000);
}

TEST(MessageParser, RefusesABarThatIsAtOddsWithItself) {
  for (const auto& [field, value, why] : {std::array<const char*, 3>{"high", "100.5", "bad_bar: high"},
                                          {"low", "100.5", "bad_bar: low"},
                                          {"open", "null", "bad_bar: open"},
                                          {"open", "-1", "bad_bar: open"},
                                          {"vwap", "104", "bad_bar: vwap"},
                                          {"bar_s", "61", "bar_too_long: bar_s"},
                                          {"bar_s", "3600", "bar_too_long: bar_s"},
                                          {"bar_s", "7", "bad_number: bar_s"},
                                          {"bar_s", "0", "bad_number: bar_s"},
                                          {"bar_s", "true", "wrong_type: bar_s"},
                                          {"trades", "1.5", "bad_number: trades"},
                                          {"high", "[103]", "wrong_type: high"}}) {
    auto tick = Parse(BarWith(field, value));
    ASSERT_FALSE(tick) << field << " " << value;
    EXPECT_EQ(tick.error().Text(), why);
  }
  EXPECT_EQ(Parse(Bar(R"(,"open":100)")).error().Text(), "duplicate_key: open");
  EXPECT_EQ(Parse(Bar(R"(,"trade_id":7)")).error().Text(), "bad_bar: trade_id");
}

TEST(MessageParser, WhatIsNoBarMayHaveItsFieldsInAnyForm) {
  for (const char* other : {R"("open":1)", R"("open":"x","open":[1],"high":{"a":1})", R"("vwap":-5,"trades":"many","low":0)"}) {
    auto tick = Parse(With(other));
    ASSERT_TRUE(tick) << other << ": " << tick.error().Text();
    EXPECT_FALSE(tick->is_bar());
    EXPECT_TRUE(IsNull(tick->open) && IsNull(tick->high) && IsNull(tick->low) && IsNull(tick->vwap));
    EXPECT_EQ(tick->trades, kNoTradeId);
  }
  for (const char* broken :
       {R"("open":1.2.3)", R"("open":nul)", R"("high":truth)", R"("vwap":"a\q")", R"("trades":"a)", R"("low":})"}) {
    EXPECT_EQ(Why(With(broken)), "malformed_json") << broken;
  }
  EXPECT_EQ(Why(With(R"("open":[1.2.3])")), "malformed_json");
}

}  // namespace
}  // namespace cryptostream
