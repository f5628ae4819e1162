// Names of coins out of a lake's bronze table.
#include "live/coin_labels.h"

#include "live/follower.h"
#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

std::pair<std::optional<std::string>, std::string> Message(const std::string& coin, const std::string& name) {
  std::string raw = name.empty() ? "" : R"(,"raw":{"id":")" + coin + R"(","symbol":"s","name":")" + name + R"("})";
  return {coin, R"({"timestamp":1.0,"coin_id":")" + coin + R"(","price":1,"source":"coingecko")" + raw + "}"};
}

class CoinLabelsTest : public testing::Test {
 protected:
  void Look(const std::vector<std::string>& coins, CoinLabels::Time now = {}) {
    auto table = Table::Open((lake_.root() / BronzeLayout().path).string());
    ASSERT_TRUE(table);
    auto files = (*table)->Files();
    ASSERT_TRUE(files);
    std::vector<Name> names;
    for (const std::string& coin : coins) names.emplace_back(coin);
    labels_.Look((*table)->root_path(), *files, names, now);
  }
  std::string NameOf(std::string_view coin) { return labels_.Find(coin).value_or(CoinLabel{.name = "?"}).name; }

  TestLake lake_;
  CoinLabels labels_;
};

TEST_F(CoinLabelsTest, AreFoundWhereverBronzeSaidThem) {
  lake_.CommitBronze({Message("bitcoin", "Bitcoin"), Message("old", "Old Coin")});
  lake_.CommitBronze({Message("bitcoin", "Bitcoin"), Message("ethereum", "Ether")});
  lake_.CommitBronze({Message("bitcoin", "")});
  Look({"bitcoin", "ethereum", "old", "never"});
  EXPECT_EQ(NameOf("bitcoin"), "Bitcoin");
  EXPECT_EQ(NameOf("ethereum"), "Ether");
  EXPECT_EQ(NameOf("old"), "Old Coin");
  EXPECT_EQ(NameOf("never"), "?");
  EXPECT_EQ(labels_.Find("old")->symbol, "s");
}

TEST_F(CoinLabelsTest, AReplayedMessageHasNoKey) {
  auto [coin, message] = Message("bitcoin", "Bitcoin");
  lake_.CommitBronze({{std::nullopt, message}});
  Look({"bitcoin"});
  EXPECT_EQ(NameOf("bitcoin"), "Bitcoin");
}

TEST_F(CoinLabelsTest, ACoinThatComesLaterIsFoundInAFileThatCameWithIt) {
  lake_.CommitBronze({Message("bitcoin", "Bitcoin")});
  Look({"bitcoin"});
  lake_.CommitBronze({Message("bitcoin", "Bitcoin"), Message("pepe", "Pepe")});
  Look({"bitcoin", "pepe"});
  EXPECT_EQ(NameOf("pepe"), "Pepe");
}

TEST_F(CoinLabelsTest, ANewNameIsSeenAfterAnHour) {
  CoinLabels::Time start{100h};
  lake_.CommitBronze({Message("ripple", "Ripple")});
  Look({"ripple"}, start);
  lake_.CommitBronze({Message("ripple", "XRP")});
  Look({"ripple"}, start + 59min);
  EXPECT_EQ(NameOf("ripple"), "Ripple");
  Look({"ripple"}, start + 61min);
  EXPECT_EQ(NameOf("ripple"), "XRP");
}

TEST_F(CoinLabelsTest, ALookIsBoundedAndTheNextOneGoesOn) {
  lake_.CommitBronze({Message("bitcoin", "Bitcoin")});
  for (int i = 0; i < 20; ++i) lake_.CommitBronze({Message("bitcoin", "")});
  Look({"bitcoin"});
  EXPECT_EQ(NameOf("bitcoin"), "?");
  Look({"bitcoin"});
  EXPECT_EQ(NameOf("bitcoin"), "Bitcoin");
}

TEST_F(CoinLabelsTest, AVanishedOrBrokenFileSaysNothingAndStopsNothing) {
  lake_.CommitBronze({Message("bitcoin", "Bitcoin")});
  lake_.CommitBronze({Message("bitcoin", "Broken")});
  auto table = Table::Open((lake_.root() / BronzeLayout().path).string());
  auto files = *(*table)->Files();
  auto newest = std::max_element(files.begin(), files.end(), [](auto& a, auto& b) { return a.modified < b.modified; });
  std::filesystem::resize_file(std::filesystem::path((*table)->root_path()) / newest->path, 10);
  Look({"bitcoin"});
  EXPECT_EQ(NameOf("bitcoin"), "Bitcoin");
}

TEST_F(CoinLabelsTest, TheFollowerKnowsThemWithTheFirstPoll) {
  auto live = std::make_shared<Live>(LiveLimits(), SourceOrders());
  Follower follower(lake_.root(), live, {});
  lake_.CommitBronze({Message("bitcoin", "Bitcoin")});
  lake_.CommitSilver({MakeTick(1, 100)},
                     {{"cryptostream/silver/b", 1}, {"cryptostream/watermark/coingecko/0", ToMicros(Second(1))}});
  ASSERT_TRUE(follower.Poll());
  ASSERT_TRUE(follower.labels().Find("bitcoin"));
  EXPECT_EQ(follower.labels().Find("bitcoin")->name, "Bitcoin");
  // A new coin is looked for at once, not with the next count of the tables.
  lake_.CommitBronze({Message("pepe", "Pepe")});
  lake_.CommitSilver({MakeTick(2, 1, "pepe")},
                     {{"cryptostream/silver/b", 2}, {"cryptostream/watermark/coingecko/0", ToMicros(Second(2))}});
  ASSERT_TRUE(follower.Poll());
  EXPECT_TRUE(follower.labels().Find("pepe"));
}

}  // namespace
}  // namespace cryptostream
