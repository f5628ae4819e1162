// The backfill against a scripted provider.
#include "source/coingecko_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/scripted_transport.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kChart = R"({"prices":[[1000,1.5],[3000,3.5],[2000,2.5],[2000,2.5]],)"
                               R"("market_caps":[[1000,10],[3000,30],[2500,25],[2000,null]],)"
                               R"("total_volumes":[[1000,100],[3000,3e2],[2000,200]]})";

std::vector<std::string> Values(const RawBatch& batch) {
  std::vector<std::string> values;
  values.reserve(batch.rows());
  for (std::size_t i = 0; i < batch.rows(); ++i) values.emplace_back(batch.row(i).value);
  return values;
}

class ChartTest : public ::testing::Test {
 protected:
  SourceStage stage_;
  Status Run(ChartOptions options, std::int64_t position = 0) {
    CoinGeckoChartSource source(stage_.Client({}), std::move(options));
    return source.Run(position, stage_.Output(), stage_.stop.get_token());
  }
};

TEST_F(ChartTest, PointsComeInOrderAndWhatIsOfAnotherTimeStaysOut) {
  stage_.script.answers.push_back(JsonAnswer(kChart));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  ASSERT_EQ(stage_.batches.size(), 2u);
  auto message = [](const char* time, const char* price, const char* volume, const char* cap) {
    return std::string("{\"timestamp\":") + time + ",\"coin_id\":\"bitcoin\",\"price\":" + price + ",\"volume_24h\":" + volume +
           ",\"market_cap\":" + cap + ",\"source\":\"coingecko_chart\",\"quote\":\"usd\"}";
  };
  EXPECT_THAT(Values(stage_.batches[0]), ElementsAre(message("1.000", "1.5", "100", "10"), message("2.000", "2.5", "200", "null"),
                                                     message("3.000", "3.5", "3e2", "30")));
  EXPECT_FALSE(stage_.batches[0].live);
  EXPECT_FALSE(stage_.batches[0].end_of_input);
  EXPECT_TRUE(stage_.batches[1].end_of_input);
}

TEST_F(ChartTest, RepeatingGivesEqualMessages) {
  for (int i = 0; i < 2; ++i) {
    stage_.script.answers.push_back(JsonAnswer(kChart));
    ASSERT_TRUE(Run({.coins = {"bitcoin"}}, i).has_value());
    stage_.clock.Advance(1h);
  }
  EXPECT_EQ(Values(stage_.batches[0]), Values(stage_.batches[2]));
}

TEST_F(ChartTest, OneBatchACoinWithProgress) {
  stage_.script.answers.push_back(JsonAnswer(kChart));
  stage_.script.answers.push_back(JsonAnswer(R"({"error":"coin not found"})", 404));
  stage_.script.answers.push_back(JsonAnswer(kChart));
  std::vector<std::string> done;
  auto progress = [&](const ChartProgress& p) { done.push_back(p.coin + ":" + std::to_string(p.rows)); };
  ASSERT_TRUE(Run({.coins = {"bitcoin", "nope", "tron"}, .days = 30, .progress = progress}, 5).has_value());
  EXPECT_THAT(done, ElementsAre("bitcoin:3", "nope:3", "tron:6"));
  ASSERT_EQ(stage_.batches.size(), 3u);
  EXPECT_EQ(stage_.batches[1].row(0).key, "tron");
  EXPECT_EQ(stage_.batches[1].next_position, 7);
  EXPECT_EQ(stage_.batches[2].position_id, CoinGeckoChartSource::EndId());
  EXPECT_EQ(stage_.batches[2].next_position, 1);
  EXPECT_TRUE(stage_.script.requests[0].url.ends_with("/coins/bitcoin/market_chart?vs_currency=usd&days=30"));
}

TEST_F(ChartTest, WaitsOutA429AndGoesOn) {
  stage_.script.answers.push_back(JsonAnswer("{}", 429, {{"Retry-After", "30"}}));
  stage_.script.answers.push_back(JsonAnswer(kChart));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  EXPECT_THAT(stage_.waits, ElementsAre(30s));
  EXPECT_EQ(stage_.batches[0].rows(), 3u);
}

TEST_F(ChartTest, WithPatienceItGivesUpWhenThatIsAtItsEnd) {
  for (int i = 0; i < 50; ++i) stage_.script.answers.push_back(Unavailable("no connection"));
  auto before = stage_.clock.Now();
  auto status = Run({.coins = {"bitcoin", "tron"}, .patience = 5min});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(status.error().message, HasSubstr("after 5m"));
  EXPECT_THAT(status.error().message, HasSubstr("0 of 2 coins"));
  EXPECT_THAT(status.error().message, HasSubstr("no connection"));
  EXPECT_EQ(stage_.clock.Now() - before, 5min);  // it tried once more at the very end
  EXPECT_THAT(stage_.reports[0].message, HasSubstr("next try in"));
}

TEST_F(ChartTest, WithoutPatienceForAnythingItTriesOnce) {
  stage_.script.answers.push_back(Unavailable("no connection"));
  EXPECT_FALSE(Run({.coins = {"bitcoin"}, .patience = 0s}).has_value());
  EXPECT_TRUE(stage_.waits.empty());
  EXPECT_EQ(stage_.script.requests.size(), 1u);
}

TEST_F(ChartTest, ALimitThatLastsLongerThanItsPatienceIsNotWaitedFor) {
  stage_.script.answers.push_back(JsonAnswer("{}", 429, {{"Retry-After", "500"}}));
  auto status = Run({.coins = {"bitcoin"}, .patience = 5min});
  ASSERT_FALSE(status.has_value());
  EXPECT_TRUE(stage_.waits.empty());
}

TEST_F(ChartTest, PatienceBeginsAnewWithEachCoin) {
  for (int coin = 0; coin < 2; ++coin) {
    stage_.script.answers.push_back(JsonAnswer("{}", 429, {{"Retry-After", "200"}}));
    stage_.script.answers.push_back(JsonAnswer(kChart));
  }
  EXPECT_TRUE(Run({.coins = {"bitcoin", "tron"}, .patience = 5min}).has_value());
}

TEST_F(ChartTest, ABrokenChartGivesNoPointAtAll) {
  stage_.script.answers.push_back(JsonAnswer(std::string(kChart).substr(0, 60)));
  stage_.script.answers.push_back(JsonAnswer(kChart));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  EXPECT_EQ(stage_.batches[0].rows(), 0u);
  EXPECT_THAT(stage_.batches[0].rejects.at(0).reason, HasSubstr("not a market chart"));
  EXPECT_EQ(stage_.batches[1].rows(), 3u);
}

TEST_F(ChartTest, SeriesMayComeInAnyOrder) {
  stage_.script.answers.push_back(
      JsonAnswer(R"({"total_volumes":[[1000,7]],"x":{"prices":1},"market_caps":[],"prices":[[1000,1.5]]})"));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  EXPECT_EQ(stage_.batches[0].rows(), 1u);
}

TEST_F(ChartTest, AMissingSeriesIsABrokenChart) {
  stage_.script.answers.push_back(JsonAnswer(R"({"prices":[[1000,1.5]],"market_caps":[]})"));
  stage_.script.answers.push_back(JsonAnswer(kChart));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  EXPECT_THAT(stage_.batches[0].rejects.at(0).reason, HasSubstr("not a market chart"));
}

TEST_F(ChartTest, ABadPointCostsOnlyItself) {
  stage_.script.answers.push_back(JsonAnswer(R"({"prices":[[1000,1.5],["x",2],[3000]],"market_caps":[],"total_volumes":[]})"));
  ASSERT_TRUE(Run({.coins = {"bitcoin"}}).has_value());
  EXPECT_EQ(stage_.batches[0].rows(), 1u);
  ASSERT_EQ(stage_.batches[0].rejects.size(), 2u);
  EXPECT_EQ(stage_.batches[0].rejects[0].value, "[\"x\",2]");
}

TEST_F(ChartTest, ACoinWhoseChartIsNoneEachTimeIsLeftAndTheOthersCome) {
  for (int i = 0; i < 3; ++i) stage_.script.answers.push_back(JsonAnswer("[]"));
  stage_.script.answers.push_back(JsonAnswer(kChart));
  auto status = Run({.coins = {"nope", "bitcoin"}});
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("1 of 2 coins"));
  EXPECT_EQ(stage_.batches.back().rows(), 3u);
  for (const auto& batch : stage_.batches) EXPECT_FALSE(batch.end_of_input) << "taken for a history that is complete";
}

TEST_F(ChartTest, SaysWhenEveryCoinIsRefused) {
  stage_.script.answers.push_back(JsonAnswer(R"({"error":"coin not found"})", 404));
  auto status = Run({.coins = {"nope"}});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(status.error().message, HasSubstr("coin not found"));
  for (const auto& batch : stage_.batches) EXPECT_FALSE(batch.end_of_input) << "taken for a history that is complete";
  EXPECT_EQ(stage_.reports.back().state, SourceState::kRefused);
  EXPECT_FALSE(Run({.coins = {"bitcoin"}, .days = 0}).has_value());
}

}  // namespace
}  // namespace cryptostream
