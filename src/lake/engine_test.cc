// The three stages over a real lake in a temporary directory: what goes in, what stands in the tables, and that stopping and
// starting anew changes nothing.
#include "lake/engine.h"

#include "lake/engine_fixture.h"
#include "lake/floor.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(EngineTest, MessagesBecomeBronzeSilverAndGold) {
  Start();
  Feed(Lines(
      {Message(1'700'000'000, "bitcoin", 100), Message(1'700'000'010, "bitcoin", 104), Message(1'700'000'100, "bitcoin", 90)}));
  Drain(true);
  EXPECT_EQ(CountRows(lake_->bronze()), 3);
  EXPECT_THAT(Silver(), SizeIs(3));
  auto gold = Gold();
  ASSERT_THAT(gold, SizeIs(2));
  EXPECT_EQ(FormatRfc3339(gold[0].key.start), "2023-11-14T22:13:00.000Z");
  EXPECT_EQ(gold[0].open, 100);
  EXPECT_EQ(gold[0].close, 104);
  EXPECT_EQ(gold[0].avg_price, 102);
  EXPECT_EQ(gold[0].volatility, 2);
  EXPECT_EQ(gold[1].samples, 1);
}

TEST_F(EngineTest, WhatComesAfterAQuietIntervalIsCommittedAtOnceAndAStreamGathers) {
  options_.commit_every = std::chrono::minutes(10);
  Start();
  Feed(Lines({Message(1'700'000'000, "bitcoin", 100)}));
  for (int i = 0; i < 1'000 && CountRows(lake_->bronze()) == 0; ++i) SleepFor(StopToken(), std::chrono::milliseconds(10));
  EXPECT_EQ(CountRows(lake_->bronze()), 1) << "nothing had come for ten minutes";
  const Version first = lake_->bronze().version();
  Feed(Lines({Message(1'700'000'001, "bitcoin", 101)}, 1));
  Feed(Lines({Message(1'700'000'002, "bitcoin", 102)}, 2));
  SleepFor(StopToken(), std::chrono::milliseconds(100));
  EXPECT_EQ(lake_->bronze().version(), first) << "the interval has not ended";
  engine_ = nullptr;
  EXPECT_EQ(CountRows(lake_->bronze()), 3);
  EXPECT_EQ(lake_->bronze().version(), first + 1) << "what came in one interval is one commit";
}

TEST_F(EngineTest, RepeatedInputAfterARestartAddsNothing) {
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) lines.push_back(Message(1'700'000'000 + i, "bitcoin", 100 + i % 7));
  Start();
  Feed(Lines({lines.begin(), lines.begin() + 120}));
  Drain(false);
  Stop();
  Start();
  EXPECT_EQ(*engine_->Position("bronze/file/test"), 120);
  Feed(Lines({lines.begin(), lines.begin() + 150}));
  Feed(Lines({lines.begin() + 100, lines.end()}, 100));
  Drain(true);
  EXPECT_EQ(CountRows(lake_->bronze()), 200);
  EXPECT_THAT(Silver(), SizeIs(200));
  std::int64_t samples = 0;
  for (const GoldRow& row : Gold()) samples += row.samples;
  EXPECT_EQ(samples, 200);
}

TEST_F(EngineTest, EqualObservationsAreOneRowOthersStay) {
  Start();
  Feed(Lines(
      {Message(1'700'000'000, "bitcoin", 100), Message(1'700'000'000, "bitcoin", 100), Message(1'700'000'000, "bitcoin", 101)}));
  Drain(true);
  EXPECT_THAT(Silver(), SizeIs(2));
  EXPECT_EQ(CountRows(lake_->quarantine()), 0);
}

TEST_F(EngineTest, AnEqualRowFarBehindMemoryIsStillADuplicate) {
  Start();
  Feed(Lines({Message(1'700'000'000, "bitcoin", 100), Message(1'700'086'400, "bitcoin", 105)}));
  Drain(false);
  Stop();  // after a start memory reaches two minutes back
  Start();
  Feed(Lines({Message(1'700'086'401, "bitcoin", 106)}, 2));
  Drain(false);
  Feed(Lines({Message(1'700'000'000, "bitcoin", 100)}, 3));
  Drain(true);
  EXPECT_THAT(Silver(), SizeIs(3));
}

std::string Trade(int id, double time, const char* price) {
  return fmt::format(
      R"({{"timestamp":{:.1f},"coin_id":"bitcoin","price":"{}","quantity":"0.1","trade_id":{},"symbol":"BTCUSDT","source":"binance_spot"}})",
      time, price, id);
}

TEST_F(EngineTest, ATradeIdThatComesAgainLaterAtAnotherTimeIsAConflict) {
  Start();
  Feed(Lines({Trade(7, 1'700'000'000, "100.5"), Trade(8, 1'700'086'400, "101.5")}));
  Drain(false);
  Stop();
  Start();
  Feed(Lines({Trade(7, 1'700'086'401, "100.5"), Trade(7, 1'700'000'000, "100.5"), Trade(9, 1'700'000'001, "99.5")}, 2));
  Drain(true);
  EXPECT_THAT(Silver(), SizeIs(3));
  EXPECT_EQ(CountRows(lake_->quarantine()), 1);
}

TEST_F(EngineTest, AnotherTradeUnderTheSameIdIsQuarantined) {
  Start();
  Feed(Lines({Trade(7, 1'700'000'000.5, "100.5"), Trade(7, 1'700'000'000.5, "100.5"), Trade(7, 1'700'000'000.5, "100.6")}));
  Drain(true);
  ASSERT_THAT(Silver(), SizeIs(1));
  EXPECT_EQ(Silver()[0].price, 100.5);
  EXPECT_EQ(CountRows(lake_->quarantine()), 1);
}

TEST_F(EngineTest, BadRowsGoToQuarantineAndTheRestGoesOn) {
  Start();
  Feed(Lines({"{not json", R"({"timestamp":1700000000,"coin_id":"bitcoin"})", "\xff\xfe", Message(1'900'000'000, "bitcoin", 1),
              Message(1'700'000'000, "bitcoin", 100)}));
  Drain(true);
  EXPECT_EQ(CountRows(lake_->bronze()), 4);  // all but the one that is not UTF-8
  EXPECT_THAT(Silver(), SizeIs(1));
  EXPECT_EQ(CountRows(lake_->quarantine()), 4);
}

TEST_F(EngineTest, ALateRowIsKeptAndItsWindowReplaced) {
  Start();
  Feed(Lines({Message(1'700'000'000, "bitcoin", 100), Message(1'700'000'600, "bitcoin", 110)}));
  Drain(true);
  ASSERT_THAT(Gold(), SizeIs(2));
  Feed(Lines({Message(1'700'000'005, "bitcoin", 80), Message(1'700'000'300, "bitcoin", 90)}, 2));
  Drain(true);
  auto gold = Gold();
  ASSERT_THAT(gold, SizeIs(3));
  EXPECT_EQ(gold[0].samples, 2);
  EXPECT_EQ(gold[0].min_price, 80);
  EXPECT_EQ(gold[1].open, 90);
}

TEST_F(EngineTest, AnyOrderOfArrivalGivesTheSameGold) {
  std::vector<std::string> lines;
  for (int i = 0; i < 300; ++i)
    lines.push_back(Message(1'700'000'000 + i * 2, i % 3 ? "bitcoin" : "ethereum", 100 + (i * 37 % 11) / 7.0));
  Start();
  Feed(Lines(lines));
  Drain(true);
  auto ordered = Gold();
  Stop();
  fs::remove_all(root_);
  std::vector<std::string> shuffled;
  for (int i = 0; i < 300; ++i) shuffled.push_back(lines[i * 97 % 300]);
  Start();
  for (int i = 0; i < 300; i += 60) {
    if (i == 120 || i == 180) {  // what memory knew of closed windows has to come from silver
      Stop();
      Start();
    }
    Feed(Lines({shuffled.begin() + i, shuffled.begin() + i + 60}, i));
    Drain(true);
  }
  auto late = Gold();
  ASSERT_EQ(late.size(), ordered.size());
  for (std::size_t i = 0; i < late.size(); ++i) {
    EXPECT_EQ(late[i].key, ordered[i].key);
    EXPECT_EQ(late[i].avg_price, ordered[i].avg_price);
    EXPECT_EQ(late[i].volatility, ordered[i].volatility);
    EXPECT_EQ(late[i].open, ordered[i].open);
    EXPECT_EQ(late[i].close, ordered[i].close);
  }
}

TEST_F(EngineTest, AnOpenWindowDoesNotHoldBackGoldsPosition) {
  Start();
  for (int i = 0; i < 25; ++i) {
    Feed(Lines({Message(1'700'000'000 + i, "bitcoin", 100 + i)}, i));
    Drain(false);
  }
  EXPECT_THAT(Gold(), IsEmpty());
  Version read = PositionOr(*lake_->sources().Txns(), GoldPositionId(lake_->silver().id()), kNoVersion);
  EXPECT_LT(lake_->silver().version() - read, 20);
  EXPECT_GE(*FloorOf(*lake_, lake_->silver()), read);
  Stop();
  Start();
  Feed(Lines({Message(1'700'000'025, "bitcoin", 99)}, 25));
  Drain(true);
  ASSERT_THAT(Gold(), SizeIs(1));
  EXPECT_EQ(Gold()[0].samples, 26);
  EXPECT_EQ(Gold()[0].open, 100);
}

TEST_F(EngineTest, TheEndOfARunClosesTheWindowsOfAllSources) {
  Start();
  Feed(Lines({Trade(7, 1'700'000'000, "100.5"), Message(1'700'000'000, "bitcoin", 100)}));
  Drain(false);
  Stop();  // as a crash leaves it: what is sent again holds rows of one source only
  Start();
  Feed(Lines({Message(1'700'000'001, "bitcoin", 101)}, 2));
  Drain(true);
  EXPECT_THAT(Gold(), SizeIs(2));
}

TEST_F(EngineTest, ASecondWriterIsRefusedAndToldWhoHoldsTheLake) {
  Start();
  auto second = Lake::Open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr("pid="));
}

TEST_F(EngineTest, RejectsAndGapsWithoutRowsMoveThePosition) {
  Start();
  RawBatch batch;
  batch.source = "coingecko";
  batch.position_id = "bronze/direct/coingecko";
  batch.next_position = 1;
  batch.rejects.push_back({"coingecko", "", 0, 0, "source", "html", "<html>", FromMicros(1'700'000'000'000'000), 1});
  batch.gaps.push_back({"coingecko", "", 0, {}, {}, FromMicros(1), FromMicros(2), "down", FromMicros(3)});
  Feed(std::move(batch));
  Drain(false);
  EXPECT_EQ(*engine_->Position("bronze/direct/coingecko"), 1);
  EXPECT_EQ(CountRows(lake_->quarantine()), 1);
  EXPECT_EQ(CountRows(lake_->gaps()), 1);
}

TEST_F(EngineTest, ANumberWhoseRejectsAreWrittenIsNotGivenAgain) {
  Start();
  CommitPlan plan;  // as a crash between quarantine's commit and bronze's leaves it
  plan.positions[QuarantineId("bronze", "bronze/direct/coingecko")] = 5;
  ASSERT_TRUE(CommitOnce(lake_->quarantine(), QuarantineLayout(), plan, lake_->epoch()));
  EXPECT_EQ(*engine_->Position("bronze/direct/coingecko"), 5);
}

}  // namespace
}  // namespace cryptostream
