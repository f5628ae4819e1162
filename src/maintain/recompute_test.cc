// Lakes whose gold or rollups were changed from outside, made right again from silver.
#include "maintain/recompute.h"

#include "lake/derived_stage.h"
#include "lake/engine_fixture.h"
#include "maintain/reorder.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kMidnight = 1'700'006'400;  // 2023-11-15T00:00:00Z

Timestamp At(std::int64_t second) { return FromMicros(second * 1'000'000); }

class RecomputeTest : public EngineTest {
 protected:
  // A lake of five hours around midnight, closed, with nobody writing it.
  RecomputeTest() {
    std::vector<std::string> lines;
    for (std::int64_t t = kMidnight - 9000; t < kMidnight + 9000; t += 30) {
      lines.push_back(Message(static_cast<double>(t), t / 30 % 2 ? "bitcoin" : "tron", 100 + static_cast<double>(t % 97) / 7));
    }
    Start();
    Feed(Lines(lines));
    Drain(true);
    engine_ = nullptr;
    gold_ = Gold();
    hours_ = Rows(Hours(), *Hours().snapshot());
    days_ = Rows(DaysTable(), *DaysTable().snapshot());
    positions_ = *lake_->sources().Txns();
  }
  Table& Hours() { return lake_->derived(SourcesHourly()); }
  Table& DaysTable() { return lake_->derived(SourcesDaily()); }

  // Puts `rows` in the place of all that a table has, as another program could, which need not write statistics.
  void Overwrite(Table& table, const std::vector<GoldRow>& rows, std::chrono::minutes length, bool statistics = true) {
    CommitRequest request{.kind = CommitKind::kReplace, .removes = *table.Files(), .batch_id = RandomHexId()};
    auto parts = GoldColumns(rows, length);
    for (const PartitionRows& part : *parts) {
      auto file = WriteDataFile(table.root_path(), {{"date", part.partition[0]}}, *part.rows, {.fsync = false});
      ASSERT_TRUE(file) << file.error().message;
      if (!statistics) file->stats_json.clear();
      request.adds.push_back(*std::move(file));
    }
    auto outcome = table.Commit(request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  }
  std::vector<Recomputed> Run(TimeRange range, bool dry_run = false) {
    auto report = Recompute(*lake_, {range, dry_run, {}}, StopToken());
    EXPECT_TRUE(report) << report.error().message;
    return *report;
  }
  static void ExpectSame(const std::vector<GoldRow>& found, const std::vector<GoldRow>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key);
      EXPECT_EQ(found[i].avg_price, expected[i].avg_price);
      EXPECT_EQ(found[i].samples, expected[i].samples);
    }
  }
  void ExpectAllRight() {
    ExpectSame(Gold(), gold_);
    ExpectSame(Rows(Hours(), *Hours().snapshot()), hours_);
    ExpectSame(Rows(DaysTable(), *DaysTable().snapshot()), days_);
  }

  const TimeRange all_{At(kMidnight - 100'000), At(kMidnight + 100'000)};
  std::vector<GoldRow> gold_, hours_, days_;
  Positions positions_;
};

TEST_F(RecomputeTest, WrongMissingAndInventedRowsAreMadeRight) {
  std::vector<GoldRow> damaged = gold_;
  damaged[3].avg_price += 1;
  damaged[70].samples = 9;
  damaged.erase(damaged.begin() + 20, damaged.begin() + 25);
  GoldRow invented = gold_[0];
  invented.key.coin = Name("solana");
  damaged.push_back(invented);
  Overwrite(lake_->sources(), damaged, kWindow);

  auto looked = Run(all_, true);
  ASSERT_EQ(looked.size(), 6u);
  EXPECT_EQ(looked[0].added, 5);
  EXPECT_EQ(looked[0].changed, 2);
  EXPECT_EQ(looked[0].removed, 1);
  EXPECT_EQ(Gold().size(), damaged.size());  // a dry run leaves what it found

  auto done = Run(all_);
  EXPECT_EQ(done[0].added, 5);
  EXPECT_EQ(done[0].changed, 2);
  EXPECT_EQ(done[0].removed, 1);
  ExpectAllRight();
  Positions after = *lake_->sources().Txns();
  after[EpochId()] = positions_[EpochId()];
  EXPECT_EQ(after, positions_);
}

// A file that does not say which times it holds may hold any.
TEST_F(RecomputeTest, RowsInFilesWithoutStatisticsAreMadeRight) {
  std::vector<GoldRow> damaged = gold_;
  damaged[3].avg_price += 1;
  Overwrite(lake_->sources(), damaged, kWindow, false);
  auto done = Run(all_);
  EXPECT_EQ(done[0].added, 0);
  EXPECT_EQ(done[0].changed, 1);
  ExpectAllRight();
}

TEST_F(RecomputeTest, WhatIsRightIsNotTouched) {
  Version gold = lake_->sources().version(), hours = Hours().version(), days = DaysTable().version();
  for (const Recomputed& table : Run(all_)) EXPECT_EQ(table.added + table.changed + table.removed, 0) << table.table;
  EXPECT_EQ(lake_->sources().version(), gold);
  EXPECT_EQ(Hours().version(), hours);
  EXPECT_EQ(DaysTable().version(), days);
}

TEST_F(RecomputeTest, OnlyTheRangeIsMadeAnew) {
  std::vector<GoldRow> damaged = gold_;
  for (GoldRow& row : damaged) row.avg_price += 1;
  Overwrite(lake_->sources(), damaged, kWindow);
  Run({At(kMidnight - 600), At(kMidnight + 630)});
  std::vector<GoldRow> now = Gold();
  ASSERT_EQ(now.size(), gold_.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    bool inside = now[i].key.start >= At(kMidnight - 600) && now[i].key.start < At(kMidnight + 660);  // whole windows
    EXPECT_EQ(now[i].avg_price, gold_[i].avg_price + (inside ? 0 : 1)) << FormatRfc3339(now[i].key.start);
  }
}

TEST_F(RecomputeTest, RollupsAreMadeRightWhenGoldIs) {
  std::vector<GoldRow> damaged = hours_;
  damaged[1].close += 1;
  damaged.pop_back();
  Overwrite(Hours(), damaged, SourcesHourly().period);
  auto looked = Run(all_, true);
  EXPECT_EQ(looked[0].changed, 0);
  EXPECT_EQ(looked[1].added, 1);
  EXPECT_EQ(looked[1].changed, 1);
  auto done = Run(all_);
  EXPECT_EQ(done[1].added, 1);
  EXPECT_EQ(done[1].changed, 1);
  EXPECT_EQ(done[2].changed, 0);
  ExpectAllRight();
}

TEST_F(RecomputeTest, ChosenRowsAreMadeRightWhenEverySourcesAre) {
  auto chosen = Chosen();
  EXPECT_EQ(chosen.size(), gold_.size());  // one source
  std::vector<GoldRow> damaged = chosen;
  damaged[2].close += 1;
  damaged.erase(damaged.begin() + 7);
  Overwrite(lake_->gold(), damaged, kWindow);
  auto looked = Run(all_, true);
  EXPECT_EQ(looked[3].table, "gold");
  EXPECT_EQ(looked[3].added, 1);
  EXPECT_EQ(looked[3].changed, 1);
  auto done = Run(all_);
  EXPECT_EQ(done[3].added, 1);
  EXPECT_EQ(done[3].changed, 1);
  ExpectSame(Chosen(), chosen);
  ExpectAllRight();
}

TEST_F(RecomputeTest, TheEngineGoesOnAfterwards) {
  Overwrite(lake_->sources(), {}, kWindow);
  Run(all_);
  Stop();
  Start();
  Feed(Lines({Message(kMidnight - 8999, "bitcoin", 1), Message(kMidnight + 9001, "tron", 5)}, 600));
  Drain(true);
  auto gold = Gold();
  ASSERT_EQ(gold.size(), gold_.size() + 1);  // one late row, one new window
  EXPECT_EQ(gold[0].min_price, 1);
}

class ReorderTest : public EngineTest {
 protected:
  // Two hours of two sources.
  ReorderTest() {
    std::vector<std::string> lines;
    for (std::int64_t t = kMidnight - 3600; t < kMidnight + 3600; t += 60) {
      for (const char* source : {"coingecko", "kraken"}) {
        lines.push_back(fmt::format(R"({{"timestamp": {}, "coin_id": "bitcoin", "price": {}, "volume_24h": 1, "source": "{}"}})",
                                    t, 100 + t % 97, source));
      }
    }
    Start();
    Feed(Lines(lines));
    Drain(true);
    Stop();
  }
  std::map<std::string, int> Sources(Table& table) {
    std::map<std::string, int> sources;
    for (const GoldRow& row : Rows(table, *table.snapshot())) ++sources[row.key.source.str()];
    return sources;
  }
  void Reopen() {
    auto lake = Lake::Open(options_);
    ASSERT_TRUE(lake) << lake.error().message;
    lake_ = *std::move(lake);
  }
};

TEST_F(ReorderTest, AnOrderIsGivenAnEarlierStart) {
  options_.order.order.sources = {"kraken"};
  Reopen();
  auto looked = Reorder(*lake_, {At(kMidnight), true, {}}, StopToken());
  ASSERT_TRUE(looked) << looked.error().message;
  EXPECT_EQ(looked->at(0).changed, 60);
  EXPECT_EQ(Sources(lake_->gold())["kraken"], 0);
  auto done = Reorder(*lake_, {At(kMidnight), false, {}}, StopToken());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->at(0).changed, 60);
  EXPECT_EQ(Sources(lake_->gold()), (std::map<std::string, int>{{"coingecko", 60}, {"kraken", 60}}));
  EXPECT_EQ(Sources(lake_->derived(HourlyRollup())), (std::map<std::string, int>{{"coingecko", 1}, {"kraken", 1}}));
  auto again = Reorder(*lake_, {At(kMidnight), false, {}}, StopToken());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->at(0).changed, 0);
}

}  // namespace
}  // namespace cryptostream
