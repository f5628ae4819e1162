// Marks over a real lake: quarantine and gaps get each once, whatever comes again, and bronze has no part in it.
#include "lake/marks.h"

#include "lake/engine_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class MarksTest : public EngineTest {
 protected:
  void Open() {
    Close();
    Start();
    intake_ =
        std::make_unique<MarkIntake>(*lake_, [] {}, [](const Error& error) { ADD_FAILURE() << error.message; }, DeadLetterBox());
  }
  void TearDown() override { intake_ = nullptr; }
  void Close() {
    intake_ = nullptr;
    Stop();
  }

  static RawBatch Batch(std::int64_t next) {
    RawBatch batch;
    batch.source = "coingecko";
    batch.topic = "t-marks";
    batch.position_id = "marks/t-marks:AbC/0";
    batch.next_position = next;
    return batch;
  }
  static Reject RejectAt(std::int64_t offset, std::int64_t number) {
    Reject reject{"coingecko", "t-marks", 0, offset, "source", "bad_body", "<html>", FromMicros(1'800'000'000'000'000),
                  offset + 1};
    reject.mark = {"me", number};
    return reject;
  }
  static Gap GapOf(std::int64_t number) {
    Gap gap;
    gap.source = "coingecko";
    gap.topic = "t-marks";
    gap.reason = "away " + std::to_string(number);
    gap.detected_at = FromMicros(1'800'000'000'000'000);
    gap.mark = {"me", number};
    return gap;
  }
  void Take(RawBatch batch) {
    ASSERT_TRUE(intake_->Push(std::move(batch), {}));
    while (!intake_->settled()) std::this_thread::yield();
  }
  std::int64_t Quarantined() { return CountRows(lake_->quarantine()); }
  std::int64_t Gaps() { return CountRows(lake_->gaps()); }

  std::unique_ptr<MarkIntake> intake_;
};

TEST_F(MarksTest, GoIntoQuarantineAndGapsWithPositionsOfTheirOwn) {
  Open();
  Version bronze = lake_->bronze().version();
  RawBatch batch = Batch(3);
  batch.rejects = {RejectAt(0, 100), RejectAt(2, 102)};
  batch.gaps = {GapOf(101)};
  Take(batch);
  EXPECT_EQ(Quarantined(), 2);
  EXPECT_EQ(Gaps(), 1);
  EXPECT_EQ(lake_->bronze().version(), bronze) << "bronze has no part in it";
  EXPECT_EQ(intake_->TopicPositions()->at("t-marks:AbC/0"), 3);
  Open();
  EXPECT_EQ(intake_->TopicPositions()->at("t-marks:AbC/0"), 3);
  Take(batch);  // read again from the start
  EXPECT_EQ(Quarantined(), 2);
  EXPECT_EQ(Gaps(), 1);
}

TEST_F(MarksTest, WhatASenderSentTwiceIsTakenOnce) {
  Open();
  RawBatch batch = Batch(4);
  batch.rejects = {RejectAt(0, 100), RejectAt(1, 105), RejectAt(2, 100), RejectAt(3, 105)};  // killed before it let go of them
  Take(batch);
  EXPECT_EQ(Quarantined(), 2);
  Open();
  RawBatch again = Batch(7);
  again.rejects = {RejectAt(4, 105), RejectAt(5, 110)};
  again.gaps = {GapOf(111)};
  Take(again);
  EXPECT_EQ(Quarantined(), 3);
  EXPECT_EQ(Gaps(), 1);
  RawBatch others = Batch(9);
  others.rejects = {RejectAt(7, 1), RejectAt(8, 0)};
  others.rejects[0].mark.sender = "another";
  others.rejects[1].mark = {};
  Take(others);
  EXPECT_EQ(Quarantined(), 5) << "numbers are each sender's own, and who has none is not asked";
}

TEST_F(MarksTest, RejectsAloneMoveThePositionToo) {
  Open();
  RawBatch batch = Batch(1);
  batch.rejects = {RejectAt(0, 100)};
  Take(batch);
  EXPECT_EQ(Gaps(), 0);
  EXPECT_EQ(intake_->TopicPositions()->at("t-marks:AbC/0"), 1);
}

TEST_F(MarksTest, SomebodyElsesRecordIsKeptAndSaysSo) {
  Open();
  RawBatch batch = Batch(1);
  batch.Add({"key", R"({"coin_id":"bitcoin"})", FromMicros(1'800'000'000'000'000), 0});
  Take(batch);
  EXPECT_EQ(Quarantined(), 1);
  EXPECT_EQ(CountRows(lake_->bronze()), 0);
}

// Killed between the two tables' commits; the redo is cut shorter, and another partition has rejects: quarantine's position must not go back.
TEST_F(MarksTest, ARedoThatIsCutShorterDoublesNothing) {
  Open();
  RawBatch first = Batch(5);
  first.rejects = {RejectAt(4, 100)};
  std::string id = QuarantineId("marks", "t-marks:AbC/0");
  Close();
  {
    auto lake = *Lake::Open(options_);
    CommitPlan plan;
    plan.rows = *QuarantineColumns(first.rejects, FromMicros(1'800'000'000'000'000));
    plan.positions = {{id, 5}};
    ASSERT_TRUE(CommitOnce(lake->quarantine(), QuarantineLayout(), plan, lake->epoch()));
  }
  Open();
  RawBatch shorter = Batch(2), other = Batch(1);
  other.position_id = "marks/t-marks:AbC/1";
  other.rejects = {RejectAt(0, 7)};
  ASSERT_TRUE(intake_->Push(shorter, {}));
  Take(other);
  EXPECT_EQ(lake_->quarantine().Txns()->at(id), 5);
  Take(first);
  EXPECT_EQ(Quarantined(), 2);
}

}  // namespace
}  // namespace cryptostream
