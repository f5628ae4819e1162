// The chosen rows against those of every source: which row a minute gets, when, and what a change of the order does.
#include "lake/derived_stage.h"
#include "lake/engine_fixture.h"

namespace cryptostream {
namespace {

using testing::SizeIs;

constexpr std::int64_t kMidnight = 1'700'006'400;  // 2023-11-15T00:00:00Z

class ChosenTest : public EngineTest {
 protected:
  static std::string Of(const char* source, std::int64_t second, double price, const char* quote = "usd",
                        const char* coin = "bitcoin") {
    return fmt::format(R"({{"timestamp": {}, "coin_id": "{}", "price": {}, "volume_24h": 1, "source": "{}", "quote": "{}"}})",
                       kMidnight + second, coin, price, source, quote);
  }
  void Say(const std::vector<std::string>& lines) {
    Feed(Lines(lines, fed_));
    fed_ += static_cast<std::int64_t>(lines.size());
  }
  // "minute source quote close" of each row.
  static std::vector<std::string> Words(const std::vector<GoldRow>& rows) {
    std::vector<std::string> words;
    for (const GoldRow& row : rows) {
      auto minute = (row.key.start - FromMicros(kMidnight * 1'000'000)) / std::chrono::minutes(1);
      words.push_back(fmt::format("{} {} {} {}", minute, row.key.source.str(), row.key.quote.str(), row.close));
    }
    return words;
  }
  Timestamp ChosenClosed() { return ClosedTimes(*lake_->gold().Txns())[Name(kChosen)]; }
  std::vector<GoldRow> Found(const DerivedTable& of) { return Rows(lake_->derived(of), *lake_->derived(of).snapshot()); }

  std::int64_t fed_ = 0;
};

TEST_F(ChosenTest, OneRowACoinAndMinute) {
  Start();
  Say({Of("kraken", 1, 10), Of("coingecko", 2, 11), Of("zeta", 3, 12), Of("coingecko", 4, 9, "eur"), Of("kraken", 61, 13),
       Of("zeta", 62, 14), Of("zeta", 121, 15), Of("alpha", 122, 16)});
  Drain(true);
  EXPECT_THAT(Gold(), SizeIs(8));
  EXPECT_THAT(Words(Chosen()), testing::ElementsAre("0 coingecko usd 11", "1 kraken usd 13", "2 alpha usd 16"));
}

TEST_F(ChosenTest, ALaterRowOfABetterSourceReplaces) {
  Start();
  Say({Of("kraken", 1, 10), Of("kraken", 301, 11)});
  Drain(true);
  EXPECT_THAT(Words(Chosen()), testing::ElementsAre("0 kraken usd 10", "5 kraken usd 11"));
  Version before = lake_->gold().version();
  Say({Of("coingecko", 2, 7), Of("coingecko", 62, 8), Of("zeta", 3, 9)});  // filled up from the past
  Drain(true);
  EXPECT_THAT(Words(Chosen()), testing::ElementsAre("0 coingecko usd 7", "1 coingecko usd 8", "5 kraken usd 11"));
  // A row that is new is appended, one that changes is replaced, each in commits of their own.
  auto commits = lake_->gold().CommitsAfter(before);
  ASSERT_TRUE(commits);
  for (const CommitActions& commit : *commits) {
    EXPECT_TRUE(commit.removes.empty() == commit.operation.ends_with("append") || commit.adds.empty()) << commit.operation;
  }
}

TEST_F(ChosenTest, ADeadSourceHoldsNobodyUp) {
  Start();
  Say({Of("kraken", 1, 10), Of("coingecko", 2, 11), Of("coingecko", 200, 12), Of("coingecko", 400, 13),
       Of("coingecko", 700, 14)});
  Drain(false);
  // coingecko's windows are closed up to its newest event less the lateness, kraken's stand at minute 0.
  EXPECT_GE(ChosenClosed(), FromMicros((kMidnight + 600) * 1'000'000));
}

TEST_F(ChosenTest, AnOrderHoldsFromWhereTheTableEnds) {
  Start();
  Say({Of("kraken", 1, 10), Of("coingecko", 2, 11)});
  Drain(true);
  Stop();
  options_.order.order.sources = {"kraken", "coingecko"};
  Start();
  Say({Of("kraken", 121, 20), Of("coingecko", 122, 21), Of("coingecko", 5, 12)});
  Drain(true);
  EXPECT_THAT(Words(Chosen()), testing::ElementsAre("0 coingecko usd 12", "2 kraken usd 20"));
  SourceOrders orders = OrdersOf(*lake_->gold().Txns());
  ASSERT_THAT(orders.records(), SizeIs(2));
  EXPECT_EQ(orders.records()[1].from, FromMicros((kMidnight + 60) * 1'000'000));
  Stop();
  Start();
  Drain(true);
  EXPECT_THAT(OrdersOf(*lake_->gold().Txns()).records(), SizeIs(2));  // said once
}

TEST_F(ChosenTest, RollupsFoldTheFirstCurrencyAndNameASourceOnlyIfThereIsOne) {
  Start();
  Say({Of("coingecko", 1, 10), Of("kraken", 61, 11), Of("kraken", 121, 9, "eur"), Of("kraken", 1, 5, "usd", "tron"),
       Of("kraken", 61, 6, "eur", "tron"), Of("coingecko", 3605, 10), Of("kraken", 3606, 5, "usd", "tron"),
       Of("coingecko", 90'000, 1)});
  Drain(true);
  auto hours = Found(HourlyRollup());
  ASSERT_THAT(hours, SizeIs(4));
  EXPECT_EQ(hours[0].key.coin.str(), "bitcoin");
  EXPECT_EQ(hours[0].key.source.str(), "");  // two contributed
  EXPECT_EQ(hours[0].key.quote.str(), "usd");
  EXPECT_EQ(hours[0].samples, 2);
  EXPECT_EQ(hours[0].close, 11);
  EXPECT_EQ(hours[1].key.coin.str(), "tron");
  EXPECT_EQ(hours[1].key.source.str(), "kraken");
  EXPECT_EQ(hours[1].samples, 1);
  ASSERT_THAT(Found(DailyRollup()), SizeIs(2));
}

// A long table is made step by step, each of which is right by itself.
TEST_F(ChosenTest, ATableThatWasLostIsMadeAnew) {
  Start();
  std::vector<std::string> lines;
  for (int day = 0; day < 5; ++day) {
    for (int m = 0; m < 40; ++m) {
      lines.push_back(Of("kraken", day * 86'400 + m * 60, 10 + m));
      if (m % 3 == 0) lines.push_back(Of("coingecko", day * 86'400 + m * 60 + 1, 20 + m));
    }
  }
  Say(lines);
  Drain(true);
  auto chosen = Chosen();
  EXPECT_THAT(chosen, SizeIs(200));
  auto hours = Found(HourlyRollup());
  Stop();
  for (const TableLayout* layout : {&GoldLayout(), &GoldHourLayout(), &GoldDayLayout()}) {
    std::filesystem::remove_all(root_ / layout->path);
  }
  Start();
  Drain(true);
  EXPECT_EQ(Words(Chosen()), Words(chosen));
  EXPECT_EQ(Words(Found(HourlyRollup())), Words(hours));
}

}  // namespace
}  // namespace cryptostream
