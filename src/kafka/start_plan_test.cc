// Every way in which a topic and bronze's positions can fit or not.
#include "kafka/start_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const Timestamp kNow = FromMicros(1'700'000'000'000'000);

StartFacts Facts(BronzePositions bronze = {}) {
  StartFacts facts;
  facts.topic = {"crypto-raw", "AbC", "cl1", {0, 1}};
  facts.ranges = {{0, {0, 100}}, {1, {0, 50}}};
  facts.bronze = std::move(bronze);
  return facts;
}

std::string MessageOf(const Result<StartPlan>& plan) { return plan ? "(went on)" : plan.error().message; }

TEST(StartPlan, ANewLakeBeginsAtTheFirstOffsets) {
  StartFacts facts = Facts({{"bronze/file/abc", 7}, {"bronze/direct/coingecko", 3}});
  facts.ranges[1] = {20, 50};
  auto plan = PlanStart(facts, false, kNow);
  ASSERT_TRUE(plan) << MessageOf(plan);
  EXPECT_EQ(plan->identity, "crypto-raw:AbC");
  ASSERT_EQ(plan->starts.size(), 2u);
  EXPECT_EQ(plan->starts[0].offset, 0);
  EXPECT_FALSE(plan->starts[0].tell);
  EXPECT_EQ(plan->starts[1].offset, 20);
  EXPECT_TRUE(plan->starts[1].tell) << "or a restart takes [0,20) for lost";
}

TEST(StartPlan, GoesOnAtBronzesPositionsAndNewPartitionsAtTheirStart) {
  auto plan = PlanStart(Facts({{"bronze/crypto-raw:AbC/0", 42}}), false, kNow);
  ASSERT_TRUE(plan) << MessageOf(plan);
  EXPECT_EQ(plan->starts[0].offset, 42);
  EXPECT_EQ(plan->starts[1].offset, 0);
  EXPECT_TRUE(plan->gaps.empty());
}

TEST(StartPlan, TellsWhenTheClusterShowsLessThanWasRead) {
  EXPECT_FALSE(ShowsLess(Facts()));
  EXPECT_FALSE(ShowsLess(Facts({{"bronze/crypto-raw:AbC/0", 100}, {"bronze/crypto-raw:AbC/1", 1}})));
  EXPECT_FALSE(ShowsLess(Facts({{"bronze/crypto-raw:Old/7", 1}}))) << "another topic's";
  EXPECT_TRUE(ShowsLess(Facts({{"bronze/crypto-raw:AbC/0", 101}})));
  EXPECT_TRUE(ShowsLess(Facts({{"bronze/crypto-raw:AbC/0", 1}, {"bronze/crypto-raw:AbC/2", 1}})));
}

TEST(StartPlan, OffsetsThatRetentionTookAreALoss) {
  StartFacts facts = Facts({{"bronze/crypto-raw:AbC/0", 42}});
  facts.ranges[0].first = 60;
  facts.ranges[1].first = 5;
  auto refused = PlanStart(facts, false, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kCorrupt);
  EXPECT_THAT(refused.error().message, StartsWith("DATA_LOSS crypto-raw/0 [42,60), crypto-raw/1 [0,5)"));
  auto accepted = PlanStart(facts, true, kNow);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->starts[0].offset, 60);
  EXPECT_TRUE(accepted->starts[0].tell);
  ASSERT_EQ(accepted->gaps.size(), 2u);
  EXPECT_EQ(accepted->gaps[0].from_offset, 42);
  EXPECT_EQ(accepted->gaps[0].to_offset, 60);
}

TEST(StartPlan, AnotherTopicOfTheSameNameIsRefused) {
  StartFacts facts = Facts({{"bronze/crypto-raw:Old/0", 42}, {"bronze/crypto-raw:Old/1", 7}});
  auto refused = PlanStart(facts, false, kNow);
  EXPECT_THAT(MessageOf(refused), StartsWith("TOPIC_REPLACED crypto-raw"));
  EXPECT_THAT(MessageOf(refused), HasSubstr("missing=crypto-raw/0 [42,?), crypto-raw/1 [7,?)"));
  auto accepted = PlanStart(facts, true, kNow);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->identity, "crypto-raw:AbC");
  EXPECT_EQ(accepted->starts[0].offset, 0);
  ASSERT_EQ(accepted->gaps.size(), 2u);
  EXPECT_EQ(accepted->gaps[0].from_offset, 42);
  EXPECT_FALSE(accepted->gaps[0].to_offset);
  facts.bronze["bronze/crypto-raw:AbC/0"] = 3;  // it was accepted and read: no question any more
  EXPECT_TRUE(PlanStart(facts, false, kNow));
}

TEST(StartPlan, APositionBeyondTheEndOrAnotherRecordIsAReplacedTopic) {
  StartFacts beyond = Facts({{"bronze/crypto-raw:AbC/0", 101}});
  EXPECT_THAT(MessageOf(PlanStart(beyond, false, kNow)), HasSubstr("bronze has read up to 101, but the log ends at 100"));
  auto accepted = PlanStart(beyond, true, kNow);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->identity, "crypto-raw:AbC~2") << "a position cannot go back, so the log gets another identity";
  StartFacts differing = Facts({{"bronze/crypto-raw:AbC/0", 100}});
  differing.differing[0] = "another record at offset 99";
  EXPECT_THAT(MessageOf(PlanStart(differing, false, kNow)), HasSubstr("another record at offset 99"));
  StartFacts shrunk = Facts({{"bronze/crypto-raw:AbC/2", 1}});
  EXPECT_THAT(MessageOf(PlanStart(shrunk, false, kNow)), HasSubstr("partition 2 is no longer there"));
}

TEST(StartPlan, WithoutATopicIdTheClusterCounts) {
  StartFacts facts = Facts({{"bronze/crypto-raw:cluster-cl1/0", 10}});
  facts.topic.id.clear();
  auto plan = PlanStart(facts, false, kNow);
  ASSERT_TRUE(plan) << MessageOf(plan);
  EXPECT_EQ(plan->starts[0].offset, 10);
  facts.topic.cluster = "cl2";
  EXPECT_THAT(MessageOf(PlanStart(facts, false, kNow)), StartsWith("TOPIC_REPLACED"));
}

TEST(StartPlan, AClusterThatLearnsTopicIdsKeepsItsPositionsUnderTheId) {
  StartFacts facts = Facts({{"bronze/crypto-raw:cluster-cl1/0", 10}});
  auto plan = PlanStart(facts, false, kNow);
  ASSERT_TRUE(plan) << MessageOf(plan);
  EXPECT_EQ(plan->identity, "crypto-raw:AbC");
  EXPECT_EQ(plan->starts[0].offset, 10);
  EXPECT_EQ(plan->Begins(),
            (BronzePositions{{"bronze/crypto-raw:AbC/0", 10}, {"bronze/upgraded/crypto-raw:cluster-cl1/AbC", 1}}));
  facts.bronze.merge(plan->Begins());  // committed at once, and in the same run:
  facts.bronze["bronze/crypto-raw:AbC/0"] = 30;
  EXPECT_EQ(PlanStart(facts, false, kNow)->starts[0].offset, 30);
  EXPECT_FALSE(OtherIdentity(facts.bronze, "crypto-raw", "crypto-raw:AbC"))
      << "it is the same topic, its records can be compared";
  StartFacts lagging = facts;
  lagging.topic.id.clear();
  EXPECT_EQ(PlanStart(lagging, false, kNow)->starts[0].offset, 30) << "a broker that is not upgraded yet gives no id";
  facts.topic.id = "New";  // replaced: the positions of before topic ids are not this one's
  EXPECT_THAT(MessageOf(PlanStart(facts, false, kNow)), StartsWith("TOPIC_REPLACED"));
  EXPECT_THAT(MessageOf(PlanStart(facts, false, kNow)), HasSubstr("missing=crypto-raw/0 [30,?)"));
}

TEST(StartPlan, AnotherLogAfterAnUpgradeEndsTheClustersPositions) {
  StartFacts facts = Facts({{"bronze/crypto-raw:cluster-cl1/0", 10}});
  facts.differing[0] = "another record at offset 9";
  EXPECT_THAT(MessageOf(PlanStart(facts, false, kNow)), StartsWith("TOPIC_REPLACED"));
  auto accepted = PlanStart(facts, true, kNow);
  ASSERT_TRUE(accepted) << MessageOf(accepted);
  EXPECT_EQ(accepted->identity, "crypto-raw:AbC");
  facts.differing.clear();
  facts.bronze.merge(accepted->Begins());
  facts.topic.id = "New";
  EXPECT_THAT(MessageOf(PlanStart(facts, false, kNow)), StartsWith("TOPIC_REPLACED")) << "and nobody else takes them up";
}

TEST(StartPlan, PositionsThatAFirstStartMustTellGoTogether) {
  StartFacts facts = Facts();
  facts.ranges = {{0, {7, 100}}, {1, {20, 50}}, {2, {0, 3}}};
  auto plan = PlanStart(facts, false, kNow);
  ASSERT_TRUE(plan) << MessageOf(plan);
  EXPECT_EQ(plan->Begins(), (BronzePositions{{"bronze/crypto-raw:AbC/0", 7}, {"bronze/crypto-raw:AbC/1", 20}}));
}

TEST(StartPlan, ANameThatBeginsLikeOursIsAnotherTopic) {
  auto plan = PlanStart(Facts({{"bronze/crypto-raw-2:Old/0", 42}, {"bronze/crypto:Old/0", 42}}), false, kNow);
  EXPECT_TRUE(plan) << MessageOf(plan);
}

}  // namespace
}  // namespace cryptostream
