// Query parameters and JSON text.
#include "serve/params.h"

#include <gtest/gtest.h>

#include <cmath>

#include "serve/json_writer.h"

namespace cryptostream {
namespace {

const std::vector<ParamSpec> kSpecs{{"coin", "", "", true, "bitcoin"}, {"interval", "", ""}, {"limit", "", ""}};

TEST(ParseParams, ReadsAndDecodes) {
  auto params = ParseParams("coin=avalanche%2D2&interval=1m&limit", kSpecs);
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ((*params)["coin"], "avalanche-2");
  EXPECT_EQ((*params)["limit"], "");
}

TEST(ParseParams, RefusesAndNamesTheNearest) {
  auto message = [](std::string_view query) { return ParseParams(query, kSpecs).error().message; };
  EXPECT_NE(message("coin=a&intervall=1m").find("did you mean 'interval'"), std::string::npos);
  EXPECT_NE(message("coin=a&zzzzzzzzz=1").find("known are: coin, interval, limit"), std::string::npos);
  EXPECT_NE(message("interval=1m").find("missing parameter: coin"), std::string::npos);
  EXPECT_NE(message("coin=a&coin=b").find("more than once"), std::string::npos);
  for (std::string_view query : {"coin=%", "coin=%2", "coin=%zz", "coin=%00", "coin=%ff%fe"}) {
    EXPECT_FALSE(ParseParams(query, kSpecs)) << query;
  }
}

TEST(ParseKnownParams, LeavesOutWhatItDoesNotKnow) {
  auto params = ParseKnownParams("x=1&coin=a&coin=b&x=2&&=&limit", kSpecs);
  ASSERT_TRUE(params) << params.error().message;
  EXPECT_EQ(*params, (Params{{"coin", "b"}, {"limit", ""}}));
  EXPECT_TRUE(ParseKnownParams("", kSpecs)->empty());
  EXPECT_FALSE(ParseKnownParams("x=%zz", kSpecs));
}

TEST(ParseTime, TakesThreeForms) {
  Timestamp expected = *ParseRfc3339("2024-08-08T12:00:00Z");
  EXPECT_EQ(*ParseTime("from", "2024-08-08T12:00:00Z"), expected);
  EXPECT_EQ(*ParseTime("from", "1723118400"), expected);
  EXPECT_EQ(*ParseTime("from", "1723118400000"), expected);
  EXPECT_EQ(*ParseTime("from", "2024-08-08T14:00:00+02:00"), expected);
  EXPECT_LT(*ParseTime("from", "1900-01-01T00:00:00Z"), Timestamp());  // before everything, but no mistake
  for (std::string_view bad : {"", "yesterday", "-1", "1e9", "99999999999999999999", "2024-08-08", "1723118400 "}) {
    EXPECT_FALSE(ParseTime("from", bad)) << bad;
  }
}

TEST(ParseCount, KeepsTheRange) {
  EXPECT_EQ(*ParseCount("limit", "10000", 1, 10'000), 10'000u);
  for (std::string_view bad : {"0", "10001", "-1", "1.5", "", "x", "99999999999999999999999"}) {
    EXPECT_FALSE(ParseCount("limit", bad, 1, 10'000)) << bad;
  }
}

TEST(ParseNames, ChecksEach) {
  EXPECT_EQ(ParseNames("coins", "a,b", 2)->size(), 2u);
  EXPECT_EQ(ParseNames("coins", "", 2)->size(), 0u);
  EXPECT_FALSE(ParseNames("coins", "a,b,c", 2));
  for (std::string_view bad : {"a,,b", "a,", ",a", ","}) EXPECT_FALSE(ParseNames("coins", bad, 5)) << bad;
  EXPECT_FALSE(ParseNames("coins", "a b", 5));
}

TEST(JsonWriter, WritesShortestNumbersAndSafeText) {
  JsonWriter json;
  json.BeginObject().Key("a").Number(0.1).Key("b").Number(1e300).Key("c").Number(std::nan("")).Key("d").BeginArray();
  json.Integer(-5).Bool(true).Null().Text("q\"\\\n\x01\x7f").EndArray().Key("e").BeginObject().EndObject().EndObject();
  EXPECT_EQ(json.Take(), R"({"a":0.1,"b":1e+300,"c":null,"d":[-5,true,null,"q\"\\\u000a\u0001\u007f"],"e":{}})");
  EXPECT_EQ(JsonWriter().Text("\xff").Take(), "\"?\"");
  EXPECT_EQ(JsonWriter().Text("\xc3\xa4").Take(), "\"\xc3\xa4\"");
}

}  // namespace
}  // namespace cryptostream
