// The live memory: what is shown while rows are provisional, durable, closed, corrected.
#include "live/live.h"

#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

class LiveTest : public testing::Test {
 protected:
  static SourceOrders Orders() {
    SourceOrderSettings settings;
    settings.order = {{"coingecko", "binance_spot"}, {}};
    return SourceOrders(settings);
  }
  std::vector<WindowView> All(std::string_view coin = "bitcoin") {
    return live_.Windows(coin, kNoTime, Timestamp::max()).windows;
  }
  FakeClock clock_{At("2024-08-08T12:30:00Z")};
  LiveLimits limits_{.keep = 25h, .min_windows = 3, .max_windows = 400'000, .max_series = 4, .max_provisional = 5};
  Live live_{limits_, Orders(), &clock_};
};

TEST_F(LiveTest, ProvisionalTickShowsAtOnceAndBecomesDurableWithoutBeingSeenTwice) {
  live_.AddProvisional(1, {MakeTick(1, 100)});
  live_.AddProvisional(2, {MakeTick(2, 104)});
  ASSERT_EQ(All().size(), 1u);
  EXPECT_EQ(All()[0].row.samples, 2);
  EXPECT_FALSE(All()[0].committed);
  EXPECT_FALSE(All()[0].closed);
  live_.BronzeCommitted(1, 10);
  EXPECT_FALSE(All()[0].committed);
  live_.BronzeCommitted(2, 11);
  EXPECT_TRUE(All()[0].committed);
  live_.ApplySilver({MakeTick(1, 100)}, 10);
  EXPECT_EQ(All()[0].row.samples, 2);
  live_.ApplySilver({MakeTick(2, 104)}, 11);
  EXPECT_EQ(All()[0].row.samples, 2);
  EXPECT_EQ(All()[0].row.avg_price, 102);
  EXPECT_TRUE(All()[0].committed);
}

TEST_F(LiveTest, TwoCurrenciesAreNeverOneLine) {
  auto in = [](int second, double price, const char* quote) {
    Tick tick = MakeTick(second, price);
    tick.quote = Name(quote);
    return tick;
  };
  live_.ApplySilver({in(0, 60'008, "usd"), in(60, 55'009, "eur"), in(61, 55'010, "eur")}, 1);
  auto closes = [&](std::string_view quote) {
    std::string out;
    for (const WindowView& view : live_.Windows("bitcoin", kNoTime, Timestamp::max(), {"", std::string(quote)}).windows) {
      out += fmt::format("{} {} ", view.row.key.quote.str(), view.row.close);
    }
    return out;
  };
  EXPECT_EQ(closes("usd"), "usd 60008 ");
  EXPECT_EQ(closes("eur"), "eur 55010 ");
  EXPECT_EQ(closes("gbp"), "");
  EXPECT_EQ(closes(""), "eur 55010 ");  // the newest price's
  EXPECT_EQ(live_.Coin("bitcoin")->quote.str(), "eur");
  live_.ApplySilver({in(120, 60'009, "usd")}, 2);
  EXPECT_EQ(closes(""), "usd 60008 usd 60009 ");
  live_.ApplyGold({}, {{"coingecko", Second(120)}}, 1);  // closes the source's windows in both
  for (const char* quote : {"usd", "eur"}) {
    EXPECT_TRUE(live_.Windows("bitcoin", kNoTime, Timestamp::max(), {"", quote}).windows.front().closed) << quote;
  }
}

TEST_F(LiveTest, ProvisionalTickThatSilverRefusesGoesAway) {
  live_.AddProvisional(1, {MakeTick(1, 100)});
  live_.BronzeCommitted(1, 5);
  live_.ApplySilver({}, 5);
  EXPECT_TRUE(All().empty());
  Tick future = MakeTick(60, 1);
  future.ingested = Second(0);
  live_.AddProvisional(2, {future});
  EXPECT_TRUE(All().empty());
}

TEST_F(LiveTest, ProvisionalTicksAreBounded) {
  live_.AddProvisional(1, {MakeTick(1, 1), MakeTick(2, 1), MakeTick(3, 1), MakeTick(4, 1), MakeTick(5, 1)});
  live_.AddProvisional(2, {MakeTick(6, 1)});
  EXPECT_EQ(All()[0].row.samples, 5);
  live_.BronzeCommitted(2, 7);
  live_.ApplySilver({}, 7);
  live_.AddProvisional(3, {MakeTick(6, 1)});
  EXPECT_EQ(All()[0].row.samples, 1);
}

TEST_F(LiveTest, GoldAnswersForClosedWindowsAndCorrectionsReplaceThem) {
  live_.ApplySilver({MakeTick(1, 100), MakeTick(61, 110)}, 1);
  live_.ApplyGold({MakeRow(0, 100)}, {{"coingecko", MinuteAt(1)}}, 3);
  auto all = All();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].closed);
  EXPECT_FALSE(all[1].closed);
  live_.ApplySilver({MakeTick(5, 500)}, 2);  // late: waits for gold's correction
  EXPECT_EQ(All()[0].row.samples, 1);
  std::uint64_t before = live_.sequence();
  live_.ApplyGold({Fold({MakeTick(1, 100), MakeTick(5, 500)})}, {}, 4);
  EXPECT_EQ(All()[0].row.samples, 2);
  EXPECT_GT(All()[0].sequence, before);
  EXPECT_EQ(live_.gold_version(), 4);
}

TEST_F(LiveTest, OpenWindowAgreesWithGoldBitForBit) {
  std::vector<Tick> ticks;
  for (int i = 0; i < 50; ++i) ticks.push_back(MakeTick(i, 0.1 * (i * 7 % 50) + 1e-7));
  for (std::size_t i = 0; i < ticks.size(); i += 10) {
    live_.ApplySilver({ticks.begin() + static_cast<long>(i), ticks.begin() + static_cast<long>(i) + 10}, i);
  }
  GoldRow shown = All()[0].row, gold = Fold(ticks);
  EXPECT_EQ(shown.avg_price, gold.avg_price);
  EXPECT_EQ(shown.volatility, gold.volatility);
}

TEST_F(LiveTest, FirstSourceInOrderAnswersPerWindow) {
  live_.ApplyGold(
      {MakeRow(0, 1, "bitcoin", "zeta"), MakeRow(0, 2, "bitcoin", "binance_spot"), MakeRow(1, 3, "bitcoin", "binance_spot"),
       MakeRow(1, 4, "bitcoin", "coingecko"), MakeRow(2, 5, "bitcoin", "zeta")},
      {}, 1);
  auto all = All();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].row.close, 2);
  EXPECT_EQ(all[1].row.close, 4);
  EXPECT_EQ(all[2].row.close, 5);
}

// As in the table: what is chosen is in one currency a minute, and another line is asked for by its currency or its source.
TEST_F(LiveTest, ARowIsChosenBeforeItsCurrencyIsAskedFor) {
  auto row = [](int m, double price, const char* source, const char* quote) {
    GoldRow made = MakeRow(m, price, "bitcoin", source);
    made.key.quote = Name(quote);
    return made;
  };
  live_.ApplyGold({row(0, 1, "coingecko", "usd"), row(0, 2, "binance_spot", "usdt"), row(1, 3, "binance_spot", "usdt"),
                   row(2, 4, "coingecko", "usd")},
                  {}, 1);
  auto closes = [&](const SeriesAsked& asked) {
    std::string out;
    for (const WindowView& view : live_.Windows("bitcoin", kNoTime, Timestamp::max(), asked).windows) {
      out += fmt::format("{} ", view.row.close);
    }
    return out;
  };
  EXPECT_EQ(closes({}), "1 4 ");
  EXPECT_EQ(closes({"", "usdt", true}), "3 ");
  EXPECT_EQ(closes({"", "usdt"}), "2 3 ");
  EXPECT_EQ(closes({"binance_spot", ""}), "2 3 ");
  EXPECT_EQ(closes({"binance_spot", "usd"}), "");
  SourceOrders orders = Orders();
  orders.Add({1, "", MinuteAt(0), {{"binance_spot"}, {}}});
  live_.SetOrders(orders);
  EXPECT_EQ(closes({}), "2 3 ");
}

TEST_F(LiveTest, HeadlineComesFromTheBestSourceThatIsNotBehind) {
  live_.ApplyGold({MakeRow(0, 1, "bitcoin", "coingecko"), MakeRow(5, 2, "bitcoin", "binance_spot")}, {}, 1);
  EXPECT_EQ(live_.Coin("bitcoin")->source.str(), "coingecko");
  live_.ApplyGold({MakeRow(30, 3, "bitcoin", "binance_spot")}, {}, 2);
  EXPECT_EQ(live_.Coin("bitcoin")->source.str(), "binance_spot");
  EXPECT_EQ(live_.Coin("bitcoin")->price, 3);
  EXPECT_FALSE(live_.Coin("dogecoin"));
}

TEST_F(LiveTest, SparklineCoversTheDayOfTheChange) {
  // The prices there are, by step; the newest price is step 60.
  auto spark = [&] {
    std::map<std::size_t, double> out;
    const std::vector<double> line = live_.Coins().at(0).spark;
    EXPECT_EQ(line.size(), 61u);
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (!IsNull(line[i])) out[i] = line[i];
    }
    return out;
  };
  using Line = std::map<std::size_t, double>;
  live_.ApplyGold({MakeRow(0, 1)}, {}, 1);
  EXPECT_EQ(spark(), (Line{{60, 1}}));  // a price is no line yet
  live_.ApplyGold({MakeRow(23, 2, "bitcoin", "binance_spot"), MakeRow(24, 3), MakeRow(100, 4)}, {}, 2);
  // 12:00 is a step of the grid; the newest price lies in the step that begins at 13:36, so step 59 ends there.
  EXPECT_EQ(spark(), (Line{{56, 2}, {57, 3}, {60, 4}}));
  EXPECT_TRUE(live_.Coin("bitcoin")->spark.empty());

  std::vector<GoldRow> rows;
  for (int m = 101; m <= 100 + 24 * 60; ++m) rows.push_back(MakeRow(m, m));
  live_.ApplyGold(rows, {}, 3);
  Line day = spark();
  ASSERT_EQ(day.size(), 61u);
  // The newest is 12:00 + 1540 minutes, in the step that begins at 1536; the oldest step ends 59 steps earlier, at 120.
  EXPECT_EQ(day[0], 119);
  EXPECT_EQ(day[59], 1535);
  EXPECT_EQ(day[60], 1540);
}

TEST_F(LiveTest, ChangeOverADayIsComputedWhereNobodyReportsIt) {
  Tick now = MakeTick(24 * 3600, 150);
  live_.ApplyGold({MakeRow(0, 100)}, {}, 1);
  live_.ApplySilver({now}, 1);
  EXPECT_DOUBLE_EQ(live_.Coin("bitcoin")->change_24h_pct, 50);
  now.price_change_percentage_24h = -1;
  live_.ApplySilver({now}, 2);
  EXPECT_EQ(live_.Coin("bitcoin")->change_24h_pct, -1);
}

TEST_F(LiveTest, OldWindowsLeaveMemoryAndTheFloorSaysSo) {
  for (int m = 0; m < 10; ++m) live_.ApplyGold({MakeRow(m, m + 1)}, {}, m);
  EXPECT_EQ(All().size(), 10u);
  live_.ApplyGold({MakeRow(26 * 60, 99)}, {}, 11);
  CoinWindows left = live_.Windows("bitcoin", kNoTime, Timestamp::max());
  EXPECT_EQ(left.windows.size(), 3u);  // min_windows
  EXPECT_EQ(left.complete_from, MinuteAt(8));
  live_.ApplyGold({MakeRow(2, 7)}, {}, 12);  // a backfill below the floor is the table's
  EXPECT_EQ(All().size(), 3u);
}

TEST_F(LiveTest, SeriesAreBoundedAndUnknownCoinsCostNothing) {
  for (const char* coin : {"a", "b", "c", "d", "e", "f"}) live_.ApplyGold({MakeRow(0, 1, coin)}, {}, 1);
  EXPECT_EQ(live_.Coins().size(), 4u);
  EXPECT_FALSE(live_.Windows("never-heard-of", kNoTime, Timestamp::max()).known);
}

TEST_F(LiveTest, ReplacedTailIsFoldedOnce) {
  live_.ApplySilver({MakeTick(1, 100)}, 1);
  live_.AddProvisional(1, {MakeTick(3, 102)});
  live_.ReplaceSilverTail({MakeTick(1, 100), MakeTick(2, 101)}, 2, true);
  EXPECT_EQ(All()[0].row.samples, 3);
  EXPECT_FALSE(All()[0].committed);
}

TEST_F(LiveTest, TellsWhenASourceWasFed) {
  EXPECT_EQ(live_.LastFed(Name("coingecko")), kNoTime);
  live_.ReplaceSilverTail({MakeTick(1, 1)}, 1, false);
  EXPECT_EQ(live_.LastFed(Name("coingecko")), kNoTime);
  live_.ApplySilver({MakeTick(2, 1)}, 2);
  EXPECT_EQ(live_.LastFed(Name("coingecko")), clock_.Now());
}

TEST_F(LiveTest, SaysWhichCoinsChanged) {
  live_.ApplyGold({MakeRow(0, 1, "a"), MakeRow(0, 1, "b")}, {}, 1);
  std::uint64_t seen = live_.sequence();
  EXPECT_TRUE(live_.ChangedSince(seen).empty());
  int calls = 0;
  live_.OnChange([&] { ++calls; });
  live_.ApplyGold({MakeRow(1, 1, "b")}, {}, 2);
  EXPECT_EQ(calls, 1);
  ASSERT_EQ(live_.ChangedSince(seen).size(), 1u);
  EXPECT_EQ(live_.ChangedSince(seen)[0].str(), "b");
}

}  // namespace
}  // namespace cryptostream
