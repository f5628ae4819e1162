// The producer against librdkafka's mock cluster: what a real broker cannot be made to do.
#include "kafka/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/metrics.h"
#include "kafka/mock_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(MockTest, AProducerThatFailsForGoodIsReplaced) {
  double before = MetricValue("cryptostream_producer_restarts_total", {});
  cluster_.FailOnce(MockCluster::kInitProducerId, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  Fill(3);
  EXPECT_GT(MetricValue("cryptostream_producer_restarts_total", {}), before);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0), Message(1), Message(2)));
}

// One request at a time in these two: the mock takes sequence numbers in any order, a broker does not, and librdkafka counts on the broker.
TEST_F(MockTest, AProducerThatFailsForGoodInTheMiddleIsReplaced) {
  double before = MetricValue("cryptostream_producer_restarts_total", {});
  KafkaOptions options = cluster_.Options();
  options.librdkafka.emplace("linger.ms", Secret("300"));
  auto producer = Producer(1 << 20, options);
  RawBatch batch = LiveBatch(1, Message(0));
  ASSERT_TRUE(producer->Push(batch, {}));
  ASSERT_TRUE(producer->Drain({}));
  cluster_.FailOnce(MockCluster::kProduce, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  batch = LiveBatch(2, Message(1));
  for (int i = 2; i < 6; ++i) batch.Add({"bitcoin", Message(i), kClock.Now(), 1});
  ASSERT_TRUE(producer->Push(batch, {}));
  ASSERT_TRUE(producer->Drain({}));
  EXPECT_GT(MetricValue("cryptostream_producer_restarts_total", {}), before);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0), Message(1), Message(2), Message(3), Message(4), Message(5)));
}

TEST_F(MockTest, ErrorsThatPassCostNothing) {
  auto producer = Producer();
  int position = 0;
  for (auto error : {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT}) {
    cluster_.FailOnce(MockCluster::kProduce, error);
    ASSERT_TRUE(producer->Push(LiveBatch(position + 1, Message(position)), {}));
    ASSERT_TRUE(producer->Drain({}));
    ++position;
  }
  cluster_.FailOnce(MockCluster::kFetch, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0), Message(1)));
}

// A poll's answer that comes with the order to stop cannot be asked for again.
TEST_F(MockTest, WhatIsInHandWhenItStopsGoesIntoTheSpool) {
  StopSource stop;
  stop.request_stop();
  auto producer = Producer(1 << 20, cluster_.Options());
  ASSERT_TRUE(producer->Push(LiveBatch(1, Message(0)), stop.get_token()));
  ASSERT_TRUE(producer->Drain({}));
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0)));
}

TEST_F(MockTest, AFullSpoolPausesALiveSourceAndTellsTheGap) {
  MakeMarksTopic();
  rd_kafka_mock_broker_set_down(cluster_.get(), 1);
  auto producer = Producer(300'000);
  std::atomic<int> pushed = 0;
  std::jthread source([&](StopToken stop) {
    for (int i = 0; i < 5; ++i) {
      if (producer->Push(LiveBatch(i + 1, Message(i) + std::string(100'000, ' ')), stop)) ++pushed;
    }
  });
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (MetricValue("cryptostream_spool_used_ratio", {}) < 0.6 && std::chrono::steady_clock::now() < deadline) {
    SleepFor({}, std::chrono::milliseconds(5));
  }
  SleepFor({}, std::chrono::milliseconds(300));
  EXPECT_LT(pushed, 5) << "the source waits";
  rd_kafka_mock_broker_set_up(cluster_.get(), 1);
  source.join();
  ASSERT_TRUE(producer->Drain({}));
  EXPECT_EQ(producer->Position("bronze/direct/coingecko"), 5);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_EQ(bronze.values.size(), 5u);
  EXPECT_THAT(bronze.gaps, IsEmpty());
  Bronze marks;
  ASSERT_TRUE(marks.ReadAll(MarksOptions()));
  ASSERT_GE(marks.gaps.size(), 1u);
  EXPECT_THAT(marks.gaps[0].reason, HasSubstr("spool was full"));
  EXPECT_LT(*marks.gaps[0].from_time, *marks.gaps[0].to_time);
}

// A batch with everything in it that is no message.
RawBatch MixedBatch() {
  RawBatch batch = LiveBatch(1, Message(0));
  batch.Add({std::nullopt, "{broken", kClock.Now(), 1});
  batch.rejects.push_back({"coingecko", "", 0, 0, "source", "bad_body: <html>", "<html>", kClock.Now(), 1});
  Gap gap;
  gap.source = "coingecko";
  gap.from_time = FromMicros(1'000);
  gap.to_time = FromMicros(2'000);
  gap.reason = "429 from the provider";
  batch.gaps.push_back(gap);
  return batch;
}

TEST_F(MockTest, OnlyMessagesAreAmongMessagesAndTheRestGoesToATopicOfItsOwn) {
  MakeMarksTopic();
  auto producer = Producer();
  ASSERT_TRUE(producer->Push(MixedBatch(), {}));
  ASSERT_TRUE(producer->Drain({}));
  Bronze bronze, marks;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.offsets, ElementsAre(0)) << "one record, and it is a message";
  EXPECT_THAT(bronze.values, ElementsAre(Message(0)));
  EXPECT_TRUE(bronze.rejects.empty() && bronze.gaps.empty());
  ASSERT_TRUE(marks.ReadAll(MarksOptions()));
  EXPECT_THAT(marks.values, IsEmpty());
  ASSERT_EQ(marks.rejects.size(), 2u);
  EXPECT_THAT(marks.rejects[0].reason, HasSubstr("malformed_json"));
  EXPECT_EQ(marks.rejects[1].reason, "bad_body: <html>");
  EXPECT_EQ(marks.rejects[1].value, "<html>");
  ASSERT_EQ(marks.gaps.size(), 1u);
  EXPECT_EQ(marks.gaps[0].to_time, FromMicros(2'000));
  EXPECT_EQ(marks.gaps[0].reason, "429 from the provider");
  EXPECT_LT(marks.gaps[0].mark.number, marks.rejects[0].mark.number);
  EXPECT_LT(marks.rejects[0].mark.number, marks.rejects[1].mark.number);
  EXPECT_EQ(marks.gaps[0].mark.sender, marks.rejects[1].mark.sender);
}

// The mock makes no topics for anybody, as a broker that does not allow it.
TEST_F(MockTest, WithoutATopicForMarksTheyWaitAndMessagesDoNot) {
  auto producer = Producer();
  ASSERT_TRUE(producer->Push(MixedBatch(), {}));
  ASSERT_TRUE(producer->Drain({})) << "messages are not held up";
  EXPECT_THAT(producer->Words(), HasSubstr("3 rejected bodies and gaps wait for topic t-marks"));
  producer.reset();
  MakeMarksTopic();
  producer = Producer();  // the next start: nothing was lost with the one before
  ASSERT_TRUE(producer->Drain({}));
  Bronze bronze, marks;
  ASSERT_TRUE(marks.ReadAll(MarksOptions()));
  EXPECT_EQ(marks.rejects.size(), 2u);
  EXPECT_EQ(marks.gaps.size(), 1u);
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0)));
}

TEST_F(MockTest, MarksOfAnOlderProgramAmongMessagesAreStillRead) {
  auto client = *KafkaClient::Create(RD_KAFKA_PRODUCER, cluster_.Options(), {});
  KafkaTopic topic(rd_kafka_topic_new(client->handle(), "t", nullptr));
  std::string message = Message(0);
  TopicRecord mark{{}, "<html>", {}, {{"cryptostream-kind", "reject"}, {"reason", "bad_body"}, {"source", "coingecko"}}};
  TopicRecord gap{{}, {}, {}, {{"cryptostream-kind", "gap"}, {"reason", "away"}, {"from-time-us", "5"}}};
  TopicRecord row{{}, message, {}, {}};
  for (const TopicRecord& record : {row, mark, gap, row})
    ASSERT_EQ(GiveRecord(client->handle(), topic.get(), record, nullptr, true), 0);
  ASSERT_EQ(rd_kafka_flush(client->handle(), 10'000), 0);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.offsets, ElementsAre(0, 3));
  ASSERT_EQ(bronze.rejects.size(), 1u);
  EXPECT_EQ(bronze.rejects[0].offset, 1);
  ASSERT_EQ(bronze.gaps.size(), 1u);
  EXPECT_EQ(bronze.gaps[0].from_time, FromMicros(5));
}

}  // namespace
}  // namespace cryptostream
