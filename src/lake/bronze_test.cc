// Bronze with what has a position of another kind: messages sent again out of quarantine; and the dead letters of its and silver's rejects.
#include "lake/bronze.h"

#include "lake/commit_once.h"
#include "lake/engine_fixture.h"
#include "market/replayed.h"
#include "query/lake_views.h"
#include "query/rejected.h"
#include "verify/verify.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ReplayedTest : public EngineTest {
 protected:
  std::vector<OpenReject> Open(const RejectedFilter& filter = {}) {
    std::vector<OpenReject> open;
    auto views = OpenLakeViews(root_);
    EXPECT_TRUE(views) << views.error().message;
    Status read = ForEachOpenReject(*views->duck, filter, [&](OpenReject one) {
      open.push_back(std::move(one));
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    std::ranges::sort(open, {}, [](const OpenReject& one) { return one.reject.offset; });
    return open;
  }
  // One batch of what is open, as `quarantine replay` makes it, but with the values given.
  RawBatch Again(const std::vector<OpenReject>& open, std::int64_t number, const std::vector<std::string>& values) {
    RawBatch batch;
    batch.source = "coingecko";
    batch.topic = ReplayedTopic(open.front().reject.topic);
    batch.position_id = ReplayedPositionId(lake_->quarantine().id());
    batch.next_position = number;
    batch.live = false;
    for (std::size_t i = 0; i < open.size(); ++i) {
      batch.Add({std::nullopt, values[i], FromMicros(1'900'000'000'000'000), open[i].id});
    }
    return batch;
  }
  std::vector<std::string> WrongPlaces() {
    auto report = VerifyLake(root_, "all");
    EXPECT_TRUE(report) << report.error().message;
    std::vector<std::string> places;
    for (const Check& check : report->checks) places.insert(places.end(), check.places.begin(), check.places.end());
    return places;
  }
};

TEST_F(ReplayedTest, ABatchSentAgainIsThereAsAWholeOrNotAtAll) {
  Start();
  Feed(Lines({"{broken", Message(1'700'000'000, "bitcoin", 1), "\xff", "{worse"}));
  Drain(false);
  auto open = Open();
  ASSERT_THAT(open, SizeIs(3));
  std::vector<std::string> values{"{broken", "\xff", "{worse"};
  Feed(Again(open, 1, values));
  Feed(Again(open, 1, values));
  Drain(true);
  EXPECT_EQ(CountRows(lake_->bronze()), 5) << "the same number again is the same batch";
  EXPECT_EQ(CountRows(lake_->quarantine()), 6);
  auto again = Open();
  ASSERT_THAT(again, SizeIs(3)) << "each was rejected once more";
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i].id, open[i].id);
    EXPECT_EQ(again[i].reject.topic, "test.jsonl");
    EXPECT_EQ(again[i].reject.offset, open[i].reject.offset);
  }
  EXPECT_EQ(*engine_->Position(ReplayedPositionId(lake_->quarantine().id())), 1);
  Stop();
  EXPECT_THAT(WrongPlaces(), IsEmpty());
}

TEST_F(ReplayedTest, WhatWentInIsNoLongerOpen) {
  Start();
  Feed(Lines({"{one", "{two", "{one"}));
  Drain(false);
  auto open = Open();
  Feed(Again({open[1]}, 1, {Message(1'700'000'000, "bitcoin", 2)}));
  Drain(true);
  auto left = Open();
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(left[0].id, open[0].id);
  EXPECT_EQ(left[1].id, open[2].id) << "equal bytes at another offset are another message";
  EXPECT_THAT(Open({.reason = "malformed_json", .limit = 1}), SizeIs(1));
  EXPECT_THAT(Open({.stage = "bronze"}), IsEmpty());
}

// A version of the program whose parser took less: silver refused a message that is good today.
TEST_F(ReplayedTest, WhatAnOlderParserRefusedGoesInAndTheTablesAgree) {
  Start();
  Feed(Lines({Message(1'700'000'000, "bitcoin", 1)}));
  Drain(false);
  engine_ = nullptr;
  std::string good = Message(1'700'000'010, "bitcoin", 2);
  Timestamp received = FromMicros(1'800'000'000'000'000);
  auto batch = std::make_shared<RawBatch>(Lines({good}, 1));
  CommitPlan bronze;
  bronze.rows = *BronzeColumns({{DateOf(received), {batch}}});
  bronze.positions = {{AppId("bronze/file/test"), 2}};
  bronze.expected = {{AppId("bronze/file/test"), 1}};
  Version version = *CommitOnce(lake_->bronze(), BronzeLayout(), std::move(bronze), lake_->epoch());
  Reject reject{"coingecko", "test.jsonl", 0, 1, "silver", "wrong_type: of its day", good, received, version};
  CommitPlan quarantine;
  quarantine.rows = *QuarantineColumns({reject}, clock_.Now());
  quarantine.positions = {{QuarantineId("silver", lake_->bronze().id()), version}};
  ASSERT_TRUE(CommitOnce(lake_->quarantine(), QuarantineLayout(), std::move(quarantine), lake_->epoch()));
  CommitPlan silver;
  std::string id = SilverPositionId(lake_->bronze().id());
  silver.positions = {{id, version}};
  silver.expected = {{id, PositionOr(*lake_->silver().Txns(), id, 0)}};
  ASSERT_TRUE(CommitOnce(lake_->silver(), SilverLayout(), std::move(silver), lake_->epoch()));
  Stop();
  EXPECT_THAT(WrongPlaces(), SizeIs(2)) << "silver lacks it, and quarantine has a good row: it waits to be sent again";

  Start();
  auto open = Open();
  ASSERT_THAT(open, SizeIs(1));
  Feed(Again(open, 1, {good}));
  Drain(true);
  EXPECT_THAT(Silver(), SizeIs(2));
  EXPECT_THAT(Open(), IsEmpty());
  Stop();
  EXPECT_THAT(WrongPlaces(), IsEmpty());
}

// Stands in for the topic of dead letters.
struct Box {
  std::vector<std::vector<DeadLetter>> calls;
  int failures = 0;
};

TEST_F(ReplayedTest, DeadLettersAreToldBeforeThePositionMovesAndAgainUntilTheyAreTaken) {
  auto lake = Lake::Open(options_);
  ASSERT_TRUE(lake);
  lake_ = *std::move(lake);
  Box box;
  box.failures = 1;
  std::vector<std::int64_t> quarantined, positions;
  EngineHooks hooks;
  hooks.dead_letter_topic = "crypto-raw";
  std::mutex mutex;
  hooks.dead_letters = [&](const std::vector<DeadLetter>& letters, StopToken) -> Status {
    std::lock_guard lock(mutex);
    box.calls.push_back(letters);
    quarantined.push_back(CountRows(lake_->quarantine()));
    positions.push_back(PositionOr(*lake_->bronze().Txns(), AppId("bronze/crypto-raw:x/0"), 0));
    if (box.failures-- > 0) return Unavailable("the broker is away");
    return {};
  };
  engine_ = std::make_unique<Engine>(*lake_, clock_, std::move(hooks));
  RawBatch batch = Lines({"\xff", Message(1'700'000'000, "bitcoin", 1)});
  batch.topic = "crypto-raw";
  batch.position_id = "bronze/crypto-raw:x/0";
  Reject keyed{"coingecko", "crypto-raw", 0, 2, "source", "no_value", "", FromMicros(1), 3, "its key"};
  batch.rejects.push_back(keyed);
  batch.next_position = 3;
  Feed(std::move(batch));
  Feed(Lines({"\xff of a file: nobody's letter"}));
  Drain(false);
  ASSERT_THAT(box.calls, SizeIs(2)) << "once refused, once taken";
  for (const auto& letters : box.calls) {
    ASSERT_THAT(letters, SizeIs(2));
    EXPECT_EQ(letters[0].value, "\xff");
    EXPECT_EQ(letters[0].stage, "bronze");
    EXPECT_EQ(letters[1].key, "its key");
  }
  EXPECT_GE(quarantined[0], 2) << "quarantine has them first";
  EXPECT_THAT(positions, ElementsAre(0, 0)) << "the position moves when they are taken";
  EXPECT_EQ(PositionOr(*lake_->bronze().Txns(), AppId("bronze/crypto-raw:x/0"), 0), 3);
  EXPECT_EQ(CountRows(lake_->quarantine()), 3);

  RawBatch bad = Lines({"{broken"}, 3);
  bad.topic = "crypto-raw";
  bad.position_id = "bronze/crypto-raw:x/0";
  Feed(std::move(bad));
  Drain(false);
  ASSERT_THAT(box.calls, SizeIs(3));
  EXPECT_EQ(box.calls[2].front().stage, "silver");
  EXPECT_EQ(box.calls[2].front().offset, 3);
}

using BeginsTest = EngineTest;

TEST_F(BeginsTest, PositionsThatABatchBringsForOthersAreInItsCommitAndNeverGoBack) {
  Start();
  Version before = lake_->bronze().version();
  RawBatch first;
  first.source = "coingecko";
  first.topic = "t";
  first.position_id = "bronze/t:AbC/0";
  first.next_position = 40;
  first.begins = {{"bronze/t:AbC/0", 40}, {"bronze/t:AbC/1", 10}};
  Feed(first);
  Drain(false);
  EXPECT_EQ(lake_->bronze().version(), before + 1) << "one commit, so that no kill can part them";
  EXPECT_EQ(lake_->bronze().Txns()->at(AppId("bronze/t:AbC/0")), 40);
  EXPECT_EQ(lake_->bronze().Txns()->at(AppId("bronze/t:AbC/1")), 10);
  RawBatch later = first.Like();
  later.position_id = "bronze/t:AbC/1";
  later.next_position = 30;
  Feed(later);
  first.next_position = 41;
  Feed(first);
  Drain(false);
  EXPECT_EQ(lake_->bronze().Txns()->at(AppId("bronze/t:AbC/1")), 30);
}

}  // namespace
}  // namespace cryptostream
