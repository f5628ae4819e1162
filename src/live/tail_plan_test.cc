// What is read at start: days and statistics decide.
#include "live/tail_plan.h"

#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

DataFile GoldFile(std::string_view date, std::int64_t rows) {
  return {.path = "date=" + std::string(date) + "/x", .partition = {{"date", std::string(date)}}, .rows = rows};
}

DataFile SilverFile(std::string_view max_time) {
  return {
      .path = std::string(max_time),
      .partition = {{"year", "2024"}, {"month", "8"}, {"day", "8"}},
      .rows = 1,
      .stats_json =
          R"({"numRecords":1,"minValues":{"api_timestamp":"2000-01-01T00:00:00.000Z"},"maxValues":{"trade_id":5,"api_timestamp":")" +
          std::string(max_time) + R"("},"nullCount":{"api_timestamp":0}})"};
}

TEST(MaxTimeOf, ReadsTheRightSection) {
  EXPECT_EQ(MaxTimeOf(SilverFile("2024-08-08T12:00:00.123Z"), "api_timestamp"), At("2024-08-08T12:00:00.124Z"));
  EXPECT_EQ(MaxTimeOf(SilverFile("2024-08-08T12:00:00.123Z"), "other"), std::nullopt);
  EXPECT_EQ(MaxTimeOf({.stats_json = R"({"maxValues":{},"nullCount":{"api_timestamp":0}})"}, "api_timestamp"), std::nullopt);
  EXPECT_EQ(MaxTimeOf({}, "api_timestamp"), std::nullopt);
}

TEST(PlanGold, ReadsRecentDaysOfEachSourceOnly) {
  std::vector<DataFile> files;
  for (int day = 1; day <= 31; ++day) {
    char date[16];
    std::snprintf(date, sizeof(date), "2024-08-%02d", day);
    files.push_back(GoldFile(date, 15'000));
  }
  GoldPlan plan = PlanGold(files, {{"coingecko", At("2024-08-31T12:00:00Z")}, {"old", At("2024-08-10T12:00:00Z")}}, 25h);
  EXPECT_EQ(plan.files.size(), 4u);
  EXPECT_EQ(plan.complete_from.at("coingecko"), At("2024-08-30T00:00:00Z"));
  EXPECT_EQ(plan.complete_from.at("old"), At("2024-08-09T00:00:00Z"));
  EXPECT_EQ(plan.others_complete_from, At("2024-08-30T00:00:00Z"));
}

TEST(PlanGold, SmallHistoryIsReadWhole) {
  GoldPlan plan = PlanGold({GoldFile("2024-01-01", 100), GoldFile("2024-03-01", 100), GoldFile("2024-08-01", 100)},
                           {{"coingecko", At("2024-08-01T12:00:00Z")}}, 25h);
  EXPECT_EQ(plan.files.size(), 3u);
  EXPECT_EQ(plan.complete_from.at("coingecko"), Timestamp::min());
  EXPECT_TRUE(PlanGold({}, {}, 25h).files.empty());
}

TEST(PlanSilver, ReadsTheOpenTailAndTheNewestRows) {
  std::vector<DataFile> files{SilverFile("2024-08-08T10:00:00.000Z"), SilverFile("2024-08-08T11:59:00.000Z"),
                              SilverFile("2024-08-08T12:00:30.000Z")};
  TimesBySource newest{{"coingecko", At("2024-08-08T12:00:30Z")}};
  auto open = PlanSilver(files, {{"coingecko", At("2024-08-08T12:00:00Z")}}, newest, 25h);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].path, "2024-08-08T12:00:30.000Z");
  // All closed: only the newest rows, for the headline.
  EXPECT_EQ(PlanSilver(files, {{"coingecko", At("2024-08-08T13:00:00Z")}}, newest, 25h).size(), 1u);
  EXPECT_EQ(PlanSilver(files, {}, newest, 1h).size(), 2u);
  // A source that ended long ago and is closed does not drag the tail back.
  newest["old"] = At("2024-01-01T00:00:00Z");
  TimesBySource closed{{"coingecko", At("2024-08-08T12:00:00Z")}, {"old", At("2024-01-01T00:01:00Z")}};
  EXPECT_EQ(OpenTailBegin(closed, newest, 25h), At("2024-08-08T12:00:00Z"));
}

}  // namespace
}  // namespace cryptostream
