// The follower over real tables: start, commits one by one, corrections, older rows through DuckDB.
#include "live/follower.h"

#include "live/gold_store.h"
#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;

std::int64_t Micros(Timestamp time) { return ToMicros(time); }

struct Watched {
  explicit Watched(const TestLake& lake)
      : live(std::make_shared<Live>(LiveLimits(), SourceOrders(SourceOrderSettings()))), follower(lake.root(), live, {}) {}
  std::vector<WindowView> All(std::string_view coin = "bitcoin") {
    return live->Windows(coin, kNoTime, Timestamp::max()).windows;
  }
  std::shared_ptr<Live> live;
  Follower follower;
};

TEST(Follower, WaitsForTablesAndThenFollowsCommitByCommit) {
  TestLake lake;
  Watched watched(lake);
  ASSERT_TRUE(watched.follower.Poll());
  EXPECT_TRUE(watched.live->Coins().empty());

  lake.CommitSilver({MakeTick(1, 100), MakeTick(2, 102)},
                    {{"cryptostream/silver/b", 1}, {"cryptostream/watermark/coingecko/0", Micros(Second(2))}});
  ASSERT_TRUE(watched.follower.Poll());
  ASSERT_EQ(watched.All().size(), 1u);
  EXPECT_EQ(watched.All()[0].row.avg_price, 101);
  EXPECT_FALSE(watched.All()[0].closed);

  lake.CommitSilver({MakeTick(61, 110)},
                    {{"cryptostream/silver/b", 2}, {"cryptostream/watermark/coingecko/0", Micros(Second(61))}});
  lake.CommitGold({Fold({MakeTick(1, 100), MakeTick(2, 102)})}, {{"cryptostream/closed/coingecko", Micros(MinuteAt(1))}});
  ASSERT_TRUE(watched.follower.Poll());
  ASSERT_EQ(watched.All().size(), 2u);
  EXPECT_TRUE(watched.All()[0].closed);
  EXPECT_FALSE(watched.All()[1].closed);
  EXPECT_EQ(watched.follower.watermarks().at("coingecko"), Second(61));

  // A correction: the file with the old row is replaced.
  lake.CommitGold({Fold({MakeTick(1, 100), MakeTick(2, 102), MakeTick(3, 500)})}, {}, true);
  ASSERT_TRUE(watched.follower.Poll());
  EXPECT_EQ(watched.All()[0].row.max_price, 500);
  EXPECT_EQ(watched.All().size(), 2u);
}

TEST(Follower, AFreshStartShowsWhatFollowingShowed) {
  TestLake lake;
  Watched early(lake);
  for (int m = 0; m < 5; ++m) {
    lake.CommitSilver({MakeTick(m * 60 + 1, 100 + m), MakeTick(m * 60 + 30, 101 + m)},
                      {{"cryptostream/silver/b", m}, {"cryptostream/watermark/coingecko/0", Micros(Second(m * 60 + 30))}});
    if (m > 0) {
      lake.CommitGold({Fold({MakeTick(m * 60 - 59, 99 + m), MakeTick(m * 60 - 30, 100 + m)})},
                      {{"cryptostream/closed/coingecko", Micros(MinuteAt(m))}});
    }
    ASSERT_TRUE(early.follower.Poll());
  }
  Watched late(lake);
  ASSERT_TRUE(late.follower.Poll());
  auto a = early.All(), b = late.All();
  ASSERT_EQ(a.size(), 5u);
  ASSERT_EQ(b.size(), 5u);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].row.avg_price, b[i].row.avg_price);
    EXPECT_EQ(a[i].row.samples, b[i].row.samples);
    EXPECT_EQ(a[i].closed, b[i].closed);
  }
  EXPECT_EQ(late.follower.facts().at("silver").rows, 10);
  EXPECT_EQ(late.live->Coin("bitcoin")->last_updated, Second(4 * 60 + 30));
}

TEST(Follower, ProvisionalTicksGiveWayToSilver) {
  TestLake lake;
  Watched watched(lake);
  ASSERT_TRUE(watched.follower.Poll());
  watched.live->AddProvisional(1, {MakeTick(1, 100)});
  watched.live->BronzeCommitted(1, 7);
  lake.CommitSilver({MakeTick(1, 100)},
                    {{"cryptostream/silver/b", 7}, {"cryptostream/watermark/coingecko/0", Micros(Second(1))}});
  ASSERT_TRUE(watched.follower.Poll());
  EXPECT_EQ(watched.All()[0].row.samples, 1);
  EXPECT_TRUE(watched.All()[0].committed);
}

// Chosen rows as far as they have come, and behind them the choice among all: a lake of an earlier format has none, one that is being
// upgraded has some.
TEST(GoldStore, ReadsChosenRowsAsFarAsTheyHaveCome) {
  TestLake lake;
  lake.CommitGold({MakeRow(0, 1), MakeRow(0, 2, "bitcoin", "kraken"), MakeRow(1, 3), MakeRow(1, 4, "bitcoin", "kraken")}, {});
  lake.CommitChosen({MakeRow(0, 2, "bitcoin", "kraken")},
                    {{"cryptostream/closed/chosen", Micros(MinuteAt(1))}, {"cryptostream/order/1/*/kraken/usd", 0}});
  Watched watched(lake);
  ASSERT_TRUE(watched.follower.Poll());
  auto duck = Duck::Open({.directories = {lake.root().string() + "/"}});
  ASSERT_TRUE(duck);
  GoldStore store(**duck, watched.follower, std::chrono::seconds(10));
  auto files = store.Pin();
  ASSERT_TRUE(files);
  auto closes = [&](const CoinRows& of) {
    std::string out;
    auto minutes = store.Minutes(**files, of, MinuteAt(0), MinuteAt(5));
    EXPECT_TRUE(minutes) << minutes.error().message;
    for (const Minute& minute : *minutes) out += fmt::format("{} ", minute.close);
    return out;
  };
  EXPECT_EQ(closes({"bitcoin", "usd"}), "2 4 ");
  EXPECT_EQ(closes({"bitcoin", "usd", "coingecko", false}), "1 3 ");
  EXPECT_EQ(closes({"bitcoin", "usd", "", false}), "2 4 ");
  auto newest = store.NewestBefore(**files, {"bitcoin", "usd"}, Timestamp::max());
  ASSERT_TRUE(newest);
  EXPECT_EQ(*newest, MinuteAt(1));
}

TEST(GoldStore, ReadsOlderMinutesOfTheRightDaysAndSources) {
  TestLake lake;
  lake.CommitGold({MakeRow(0, 1), MakeRow(0, 2, "bitcoin", "kraken"), MakeRow(1, 3, "bitcoin", "kraken"),
                   MakeRow(2, 4, "ethereum"), MakeRow(1440, 5), MakeRow(2880, 6)},
                  {});
  Watched watched(lake);
  ASSERT_TRUE(watched.follower.Poll());
  auto duck = Duck::Open({.directories = {lake.root().string() + "/"}});
  ASSERT_TRUE(duck);
  GoldStore store(**duck, watched.follower, std::chrono::seconds(10));
  auto files = store.Pin();
  ASSERT_TRUE(files);
  EXPECT_EQ((*files)->oldest(), At("2024-08-08T00:00:00Z"));
  auto minutes = store.Minutes(**files, {"bitcoin", "usd"}, MinuteAt(0), MinuteAt(1441));
  ASSERT_TRUE(minutes) << minutes.error().message;
  ASSERT_EQ(minutes->size(), 3u);
  EXPECT_EQ((*minutes)[0].close, 1);
  EXPECT_EQ((*minutes)[1].close, 3);
  EXPECT_EQ((*minutes)[2].start, MinuteAt(1440));
  EXPECT_TRUE(IsNull((*minutes)[0].volume));
  EXPECT_TRUE(*store.Knows("ethereum"));
  EXPECT_FALSE(*store.Knows("dogecoin"));
}

}  // namespace
}  // namespace cryptostream
