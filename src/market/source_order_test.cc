// Which of several rows of a coin and window is chosen, how orders are recorded, and how far the choice may go.
#include "market/source_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

const Timestamp kNoon = *ParseRfc3339("2024-08-08T12:00:00Z");

WindowKey Row(const char* source, const char* quote = "usd", Timestamp start = kNoon, const char* coin = "bitcoin") {
  return {start, Name(coin), Name(source), Name(quote)};
}

SourceOrderSettings Wanted(std::vector<std::string> sources, std::vector<std::string> quotes = {"usd", "eur"}) {
  SourceOrderSettings wanted;
  wanted.order = {std::move(sources), std::move(quotes)};
  return wanted;
}

TEST(SourceOrder, TheFirstListedSourceIsChosen) {
  SourceOrders orders(Wanted({"kraken", "coingecko"}));
  EXPECT_TRUE(orders.Before(Row("kraken"), Row("coingecko")));
  EXPECT_FALSE(orders.Before(Row("coingecko"), Row("kraken")));
  EXPECT_FALSE(orders.Before(Row("kraken"), Row("kraken")));
}

TEST(SourceOrder, WhatIsNotListedComesLastByName) {
  SourceOrders orders(Wanted({"kraken"}));
  EXPECT_TRUE(orders.Before(Row("kraken"), Row("aaa")));
  EXPECT_TRUE(orders.Before(Row("aaa"), Row("bbb")));
  EXPECT_TRUE(SourceOrders().Before(Row("aaa"), Row("bbb")));
}

TEST(SourceOrder, OfOneSourceTheCurrencyDecides) {
  SourceOrders orders(Wanted({"kraken"}, {"eur"}));
  EXPECT_TRUE(orders.Before(Row("kraken", "eur"), Row("kraken", "usd")));
  EXPECT_TRUE(orders.Before(Row("kraken", "btc"), Row("kraken", "usd")));
  EXPECT_TRUE(orders.Before(Row("kraken", "usd"), Row("coingecko", "eur"))) << "the source comes first";
  EXPECT_TRUE(orders.QuoteBefore(Name("bitcoin"), kNoon, Name("eur"), Name("usd")));
}

TEST(SourceOrder, ARecordHoldsFromItsWindowOnAndForItsCoin) {
  SourceOrders orders;
  orders.Add({2, "", kNoon, {{"b", "a"}, {}}});
  orders.Add({1, "", FromMicros(0), {{"a", "b"}, {}}});
  orders.Add({3, "tron", kNoon + 1h, {{"c"}, {}}});
  EXPECT_TRUE(orders.Before(Row("a", "usd", kNoon - 1min), Row("b", "usd", kNoon - 1min)));
  EXPECT_TRUE(orders.Before(Row("b"), Row("a")));
  EXPECT_TRUE(orders.Before(Row("c", "usd", kNoon + 1h, "tron"), Row("a", "usd", kNoon + 1h, "tron")));
  EXPECT_TRUE(orders.Before(Row("b", "usd", kNoon, "tron"), Row("c", "usd", kNoon, "tron")));
}

TEST(SourceOrder, OnlyAChangeIsRecorded) {
  SourceOrders orders;
  auto first = orders.ChangesTo(Wanted({"a"}), FromMicros(0));
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].n, 1);
  orders.Add(first[0]);
  EXPECT_THAT(orders.ChangesTo(Wanted({"a"}), kNoon), IsEmpty());
  auto second = orders.ChangesTo(Wanted({"a", "b"}), kNoon);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].n, 2);
  EXPECT_EQ(second[0].from, kNoon);
}

TEST(SourceOrder, ACoinsOwnOrderOutlivesAChangeForAll) {
  SourceOrderSettings wanted = Wanted({"a", "b"});
  wanted.by_coin["tron"] = {{"t"}, {"usd"}};
  SourceOrders orders;
  for (auto& record : orders.ChangesTo(wanted, FromMicros(0))) orders.Add(record);
  EXPECT_THAT(orders.ChangesTo(wanted, kNoon), IsEmpty());
  wanted.order.sources = {"b", "a"};
  for (auto& record : orders.ChangesTo(wanted, kNoon)) orders.Add(record);
  EXPECT_EQ(orders.At(Name("tron"), kNoon + 1h).sources.front(), "t");
  EXPECT_EQ(orders.At(Name("bitcoin"), kNoon + 1h).sources.front(), "b");
  wanted.by_coin.clear();
  for (auto& record : orders.ChangesTo(wanted, kNoon + 2h)) orders.Add(record);
  EXPECT_EQ(orders.At(Name("tron"), kNoon + 2h).sources.front(), "b");
  EXPECT_EQ(orders.At(Name("tron"), kNoon + 1h).sources.front(), "t");
  EXPECT_THAT(orders.ChangesTo(wanted, kNoon + 3h), IsEmpty());
}

TEST(ChosenThrough, OneSourceNeverWaits) {
  EXPECT_EQ(ChosenThrough({}, false), Timestamp::min());
  EXPECT_EQ(ChosenThrough({{Name("a"), kNoon}}, false), kNoon);
}

TEST(ChosenThrough, TheLeastOfThoseThatKeepUp) {
  std::map<Name, Timestamp> closed{{Name("a"), kNoon}, {Name("b"), kNoon - 2min}, {Name("dead"), kNoon - 3min}};
  EXPECT_EQ(ChosenThrough(closed, false), kNoon - 2min);
  EXPECT_EQ(ChosenThrough(closed, true), kNoon);
  closed[Name("b")] = kNoon - 2min - 1us;
  EXPECT_EQ(ChosenThrough(closed, false), kNoon);
}

}  // namespace
}  // namespace cryptostream
