// Retention through the whole engine: old days go, nothing else changes, and rows that come later still do no harm.
#include "maintain/retention.h"

#include "lake/commit_once.h"
#include "lake/engine_fixture.h"
#include "maintain/maintainer.h"
#include "maintain/recompute.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kDay_s = 86'400;
constexpr std::int64_t kFirst_s = 1'700'006'400;  // 2023-11-15T00:00:00Z

class RetentionTest : public EngineTest {
 protected:
  // A row a minute for three minutes of day `day`, `price` in each, received when they happened.
  void Feed(int day, double price, bool close = true) {
    RawBatch batch;
    batch.source = "coingecko";
    batch.topic = "test";
    batch.position_id = "bronze/file/test";
    for (int minute = 0; minute < 3; ++minute) {
      std::int64_t at = kFirst_s + day * kDay_s + minute * 60 + offset_ % 50;
      batch.Add({std::nullopt, fmt::format(R"({{"timestamp": {}, "coin_id": "bitcoin", "price": {}}})", at, price),
                 FromMicros(at * 1'000'000), offset_++});
    }
    batch.next_position = offset_;
    EngineTest::Feed(std::move(batch));
    Drain(close);
  }

  RetentionPlan Plan(Table& table, const TableLayout& layout, int days_kept_from) {
    Timestamp now = FromMicros((kFirst_s + days_kept_from * kDay_s) * 1'000'000);
    auto plan = PlanRetention(*lake_, {&table, &layout}, std::chrono::milliseconds(0), now);
    EXPECT_TRUE(plan) << plan.error().message;
    return *plan;
  }
  void Drop(Table& table, const TableLayout& layout, int days_kept_from) {
    auto version = ApplyRetention(*lake_, {&table, &layout}, Plan(table, layout, days_kept_from));
    ASSERT_TRUE(version) << version.error().message;
  }

  std::map<Timestamp, double> Averages() {
    std::map<Timestamp, double> out;
    for (const GoldRow& row : Gold()) out[row.key.start] = row.avg_price;
    return out;
  }

  std::int64_t offset_ = 0;
};

TEST_F(RetentionTest, OldDaysGoAndTheTableSaysSo) {
  Start();
  for (int day = 0; day < 4; ++day) Feed(day, 10 + day);
  RetentionPlan plan = Plan(lake_->silver(), SilverLayout(), 2);
  EXPECT_EQ(plan.rows, 6);
  Drop(lake_->silver(), SilverLayout(), 2);
  EXPECT_EQ(CountRows(lake_->silver()), 6);
  EXPECT_EQ(FormatRfc3339(RetainedFrom(*lake_->silver().Txns())), "2023-11-17T00:00:00.000Z");
  auto commits = lake_->silver().CommitsAfter(lake_->silver().version() - 1);
  EXPECT_TRUE(IsRetention(commits->front()));
  EXPECT_EQ(commits->front().parameters["before"], "2023-11-17");
  EXPECT_THAT(Plan(lake_->silver(), SilverLayout(), 2).files, IsEmpty());
}

TEST_F(RetentionTest, GoldKeepsItsWindowsAndGoesOn) {
  Start();
  for (int day = 0; day < 3; ++day) Feed(day, 10 + day);
  auto before = Averages();
  ASSERT_THAT(before, SizeIs(9));
  Drop(lake_->silver(), SilverLayout(), 2);
  Feed(3, 20);
  auto after = Averages();
  EXPECT_THAT(after, SizeIs(12));
  for (const auto& [start, average] : before) EXPECT_EQ(after[start], average);
  Stop();
  Start();  // and after a restart, which looks at all commits that were not worked in
  Feed(4, 30);
  EXPECT_THAT(Averages(), SizeIs(15));
}

TEST_F(RetentionTest, RecomputeLeavesWhatWasMadeOfDroppedDays) {
  Start();
  for (int day = 0; day < 4; ++day) Feed(day, 10 + day);
  auto gold = Averages();
  Table& daily = lake_->derived(SourcesDaily());
  auto days = CountRows(daily);
  ASSERT_GE(days, 3);
  Drop(lake_->silver(), SilverLayout(), 2);
  Feed(0, 99);
  engine_ = nullptr;
  TimeRange ever{FromMicros(0), FromMicros((kFirst_s + 100 * kDay_s) * 1'000'000)};
  for (bool dry_run : {true, false}) {
    auto report = Recompute(*lake_, {ever, dry_run, {}}, StopToken());
    ASSERT_TRUE(report) << report.error().message;
    for (const Recomputed& table : *report) EXPECT_EQ(table.added + table.changed + table.removed, 0) << table.table;
  }
  EXPECT_EQ(Averages(), gold);
  EXPECT_EQ(CountRows(daily), days);
  Drop(lake_->sources(), SourcesLayout(), 3);
  ASSERT_TRUE(Recompute(*lake_, {ever, false, {}}, StopToken()));
  EXPECT_THAT(Averages(), SizeIs(3));
}

TEST_F(RetentionTest, LateRowsOfADroppedDayChangeNoWindow) {
  Start();
  for (int day = 0; day < 3; ++day) Feed(day, 10);
  auto before = Averages();
  Drop(lake_->silver(), SilverLayout(), 2);
  Feed(0, 99);  // silver has nothing else of that day any more
  EXPECT_EQ(Averages(), before);
  Feed(2, 30);  // a day that is there is corrected as ever
  EXPECT_NE(Averages(), before);
  EXPECT_EQ(CountRows(lake_->silver()), 3 + 3 + 3);
  Drop(lake_->silver(), SilverLayout(), 2);
  EXPECT_EQ(CountRows(lake_->silver()), 6);
}

TEST_F(RetentionTest, ADroppedDayOfGoldDoesNotComeBackHalf) {
  Start();
  for (int day = 0; day < 3; ++day) Feed(day, 10);
  Drop(lake_->sources(), SourcesLayout(), 2);
  EXPECT_THAT(Averages(), SizeIs(3));
  Feed(0, 99);
  EXPECT_THAT(Averages(), SizeIs(3));
}

TEST_F(RetentionTest, ADayWithAnOpenWindowStays) {
  Start();
  Feed(0, 10);
  Feed(1, 10, /*close=*/false);
  EXPECT_LE(FormatDate(Plan(lake_->silver(), SilverLayout(), 5).before), "2023-11-16");
}

TEST_F(RetentionTest, WhatSilverHasNotReadStaysInBronze) {
  Start();
  Feed(0, 10);
  Stop();
  auto lake = Lake::Open(options_);
  lake_ = *std::move(lake);
  CommitPlan plan;  // bronze goes on alone
  RawBatch batch;
  batch.source = "coingecko";
  batch.topic = "test";
  batch.position_id = "bronze/direct/test";
  batch.Add({std::nullopt, "x", FromMicros((kFirst_s + kDay_s) * 1'000'000), 0});
  DatedBatches dated;
  AddByDate(std::make_shared<const RawBatch>(batch), dated);
  plan.rows = *BronzeColumns(dated);
  plan.positions = {{AppId(batch.position_id), 1}};
  ASSERT_TRUE(CommitOnce(lake_->bronze(), BronzeLayout(), std::move(plan), lake_->epoch()));
  RetentionPlan dropped = Plan(lake_->bronze(), BronzeLayout(), 9);
  EXPECT_EQ(FormatDate(dropped.before), "2023-11-16");
  EXPECT_EQ(dropped.rows, 3);
}

TEST_F(RetentionTest, AnEndedSourcesLastHourIsFoldedBeforeItsDayGoes) {
  Start();
  Feed(0, 10);  // the source ends here, years ago
  EXPECT_EQ(CountRows(lake_->derived(SourcesHourly())), 0);
  EXPECT_THAT(Plan(lake_->sources(), SourcesLayout(), 5).files, IsEmpty());
  Stop();
  options_.maintenance.retain["gold"] = std::chrono::hours(24);
  Start();
  Drain(true);
  EXPECT_EQ(CountRows(lake_->derived(SourcesHourly())), 1);
  EXPECT_EQ(CountRows(lake_->derived(SourcesDaily())), 1);
  EXPECT_EQ(Plan(lake_->sources(), SourcesLayout(), 5).rows, 3);
  Version closed = lake_->sources().version();
  Feed(0, 20);  // what comes later all the same is late, and worked in
  EXPECT_EQ(Averages().begin()->second, 15);
  Drop(lake_->sources(), SourcesLayout(), 5);
  EXPECT_THAT(Averages(), IsEmpty());
  EXPECT_EQ(CountRows(lake_->derived(SourcesHourly())), 1);
  Version dropped = lake_->sources().version();
  EXPECT_GT(dropped, closed);
  Drain(true);
  EXPECT_EQ(lake_->sources().version(), dropped);  // said once
}

TEST_F(RetentionTest, MaintenanceDropsWhatIsConfigured) {
  options_.maintenance.retain["silver"] = std::chrono::hours(24 * 30);
  options_.maintenance.file_retention = std::chrono::milliseconds(0);
  Start();
  Feed(0, 10);  // years ago
  Maintainer maintainer(*lake_);
  auto would = maintainer.Retain(true, StopToken());
  ASSERT_TRUE(would) << would.error().message;
  EXPECT_THAT(*would, SizeIs(1));
  EXPECT_EQ(CountRows(lake_->silver()), 3);
  ASSERT_TRUE(maintainer.Retain(false, StopToken()));
  EXPECT_EQ(CountRows(lake_->silver()), 0);
  EXPECT_EQ(CountRows(lake_->bronze()), 3);
  EXPECT_THAT(Averages(), SizeIs(3));
}

}  // namespace
}  // namespace cryptostream
