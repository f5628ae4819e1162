// The rollup tables against gold: closed periods only, corrections, restarts, tables that came later or were damaged.
#include "lake/derived_stage.h"

#include <random>

#include "lake/engine_fixture.h"

namespace cryptostream {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kMidnight = 1'700'006'400;  // 2023-11-15T00:00:00Z

class RollupTest : public EngineTest {
 protected:
  // Messages every `step` seconds from `from` to `to`, of three coins.
  static std::vector<std::string> Prices(std::int64_t from, std::int64_t to, std::int64_t step) {
    std::vector<std::string> lines;
    for (std::int64_t t = from; t < to; t += step) {
      const char* coin = t / step % 3 == 0 ? "bitcoin" : t / step % 3 == 1 ? "ethereum" : "tron";
      lines.push_back(Message(static_cast<double>(t), coin, 100 + static_cast<double>(t * 7919 % 1000) / 7));
    }
    return lines;
  }

  // What a rollup must hold of a version of gold, folded here from all of its rows.
  std::vector<GoldRow> Expected(const DerivedTable& rollup, const Snapshot& gold) {
    auto closed = ClosedTimes(*gold.Txns());
    std::map<WindowKey, RollupAccumulator> sums;
    for (const GoldRow& row : Rows(lake_->sources(), gold)) {
      WindowKey key = PeriodKey(row.key, rollup.period);
      if (key.start + rollup.period <= closed[key.source]) sums[key].Add(row);
    }
    std::vector<GoldRow> rows;
    for (const auto& [key, sum] : sums) rows.push_back(sum.Finish(key));
    return rows;
  }
  std::vector<GoldRow> Found(const DerivedTable& rollup) {
    Table& table = lake_->derived(rollup);
    return Rows(table, *table.snapshot());
  }
  void ExpectRight() {
    for (const DerivedTable* rollup : {&SourcesHourly(), &SourcesDaily()}) {
      auto found = Found(*rollup), expected = Expected(*rollup, *lake_->sources().snapshot());
      ASSERT_EQ(found.size(), expected.size()) << rollup->layout->name;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].key, expected[i].key);
        EXPECT_EQ(found[i].samples, expected[i].samples);
        EXPECT_EQ(found[i].avg_price, expected[i].avg_price);
        EXPECT_EQ(found[i].volatility, expected[i].volatility);
        EXPECT_EQ(found[i].open, expected[i].open);
        EXPECT_EQ(found[i].close, expected[i].close);
        EXPECT_EQ(found[i].last_event, expected[i].last_event);
      }
    }
  }
  std::int64_t Feed(const std::vector<std::string>& lines) {
    for (std::size_t at = 0; at < lines.size(); at += 400) {
      EngineTest::Feed(Lines({lines.begin() + static_cast<std::ptrdiff_t>(at),
                              lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), at + 400))},
                             fed_));
      fed_ += static_cast<std::int64_t>(std::min<std::size_t>(400, lines.size() - at));
    }
    return fed_;
  }
  // Takes all rows out of a table, as another program could.
  void Empty(Table& table) {
    CommitRequest request{.kind = CommitKind::kReplace, .removes = *table.Files(), .batch_id = RandomHexId()};
    auto outcome = table.Commit(request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  }

  std::int64_t fed_ = 0;
};

TEST_F(RollupTest, APeriodHasARowOnceItIsClosed) {
  Start();
  Feed(Prices(kMidnight - 7200, kMidnight + 5400, 20));
  Drain(true);
  auto hours = Found(SourcesHourly());
  ASSERT_THAT(hours, SizeIs(9));  // 22:00, 23:00 and 0:00 of three coins; 1:00 is not over
  EXPECT_EQ(FormatRfc3339(hours[8].key.start), "2023-11-15T00:00:00.000Z");
  EXPECT_EQ(hours[0].samples, 60);
  auto days = Found(SourcesDaily());
  ASSERT_THAT(days, SizeIs(3));
  EXPECT_EQ(FormatRfc3339(days[0].key.start), "2023-11-14T00:00:00.000Z");
  EXPECT_EQ(days[0].samples, 120);
  ExpectRight();
  Feed(Prices(kMidnight + 5400, kMidnight + 7300, 20));
  Drain(true);
  EXPECT_THAT(Found(SourcesHourly()), SizeIs(12));
  ExpectRight();
}

TEST_F(RollupTest, ALateRowReplacesItsHourAndItsDay) {
  Start();
  Feed(Prices(kMidnight - 7200, kMidnight + 5400, 20));
  Drain(true);
  auto before = Found(SourcesHourly());
  Feed({Message(kMidnight - 7000, "bitcoin", 1.5), Message(kMidnight - 86'000, "solana", 9)});
  Drain(true);
  auto after = Found(SourcesHourly());
  ASSERT_EQ(after.size(), before.size() + 1);
  EXPECT_EQ(after[0].key.coin.str(), "solana");
  EXPECT_EQ(after[1].min_price, 1.5);
  EXPECT_EQ(after[1].samples, before[0].samples + 1);
  EXPECT_THAT(Found(SourcesDaily()), SizeIs(4));
  ExpectRight();
}

TEST_F(RollupTest, RestartsChangeNothing) {
  std::mt19937_64 draw(3);
  auto lines = Prices(kMidnight - 80'000, kMidnight + 90'000, 110);
  for (std::size_t i = 0; i < lines.size(); i += 9) std::swap(lines[i], lines[draw() % lines.size()]);
  std::size_t part = lines.size() / 4 + 1;
  for (std::size_t at = 0; at < lines.size(); at += part) {
    Start();
    Feed({lines.begin() + static_cast<std::ptrdiff_t>(at),
          lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), at + part))});
    Drain(at + part >= lines.size());
    if (at + part < lines.size()) Stop();
  }
  ExpectRight();
  EXPECT_GT(Found(SourcesHourly()).size(), 100u);
}

TEST_F(RollupTest, ATableThatCameLaterIsMadeFromAllOfGold) {
  Start();
  Feed(Prices(kMidnight - 7200, kMidnight + 5400, 20));
  Drain(true);
  Stop();
  std::filesystem::remove_all(root_ / SourcesHourLayout().path);
  std::filesystem::remove_all(root_ / SourcesDayLayout().path);
  Start();
  Drain(false);
  EXPECT_THAT(Found(SourcesHourly()), SizeIs(9));
  ExpectRight();
}

TEST_F(RollupTest, RowsTakenOutOfGoldLeaveTheRollups) {
  Start();
  Feed(Prices(kMidnight - 7200, kMidnight + 5400, 20));
  Drain(true);
  Empty(lake_->sources());
  Drain(false);
  EXPECT_THAT(Found(SourcesHourly()), IsEmpty());
  EXPECT_THAT(Found(SourcesDaily()), IsEmpty());
}

TEST_F(RollupTest, ARequestFoldsARangeAgain) {
  Start();
  Feed(Prices(kMidnight - 7200, kMidnight + 5400, 20));
  Drain(true);
  Stop();
  auto lake = Lake::Open(options_);
  ASSERT_TRUE(lake);
  Empty((*lake)->derived(SourcesHourly()));
  *lake = nullptr;
  Start();
  Drain(false);
  EXPECT_THAT(Found(SourcesHourly()), IsEmpty());  // nothing new in gold: nobody looked
  engine_->windows().derived(SourcesHourly())
      .RequestRecompute({FromMicros((kMidnight - 3600) * 1'000'000), FromMicros(kMidnight * 1'000'000)});
  while (!engine_->windows().derived(SourcesHourly()).RecomputeDone()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  auto hours = Found(SourcesHourly());
  ASSERT_THAT(hours, SizeIs(3));
  EXPECT_EQ(FormatRfc3339(hours[0].key.start), "2023-11-14T23:00:00.000Z");
}

TEST_F(RollupTest, ThePositionFollowsGoldWithoutRows) {
  Start();
  for (int m = 0; m < 70; ++m) {  // a gold commit each: within one day, so no day is closed
    Feed({Message(static_cast<double>(kMidnight + 60 * m), "bitcoin", 100 + m)});
    Drain(false);
  }
  Table& daily = lake_->derived(SourcesDaily());
  EXPECT_THAT(Found(SourcesDaily()), IsEmpty());
  auto positions = *daily.Txns();
  std::int64_t position = PositionOr(positions, RollupPositionId("gold_1d", lake_->sources().id()), kNoVersion);
  EXPECT_GE(position, 63);
  EXPECT_LE(daily.version(), 3);
  ExpectRight();
}

}  // namespace
}  // namespace cryptostream
