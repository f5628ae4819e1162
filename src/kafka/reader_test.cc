// The consumer against librdkafka's mock cluster: brokers without topic ids, logs that are cut, a bronze that takes its time.
#include "kafka/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "kafka/mock_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(MockTest, WithoutTopicIdsTheClusterAndTheLastRecordSayWhetherItIsTheSame) {
  Fill(4);
  cluster_.HideTopicIds();
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  ASSERT_EQ(bronze.positions.size(), 1u);
  EXPECT_THAT(bronze.positions.begin()->first, StartsWith("bronze/t:cluster-"));
  bronze.last = StoredRecord{3, "bitcoin", Message(3)};
  EXPECT_TRUE(bronze.ReadAll(cluster_.Options()));
  bronze.last = StoredRecord{3, "bitcoin", Message(77)};
  Status refused = bronze.ReadAll(cluster_.Options());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, StartsWith("TOPIC_REPLACED t: partition 0: another record at offset 3"));
  EXPECT_EQ(bronze.values.size(), 4u);
}

TEST_F(MockTest, ALogThatIsShorterThanWhatWasReadIsRefused) {
  Fill(4);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  bronze.positions.begin()->second = 9;
  Status refused = bronze.ReadAll(cluster_.Options());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("bronze has read up to 9, but the log ends at 4"));
}

TEST_F(MockTest, RecordsDeletedUnderAReaderAreALoss) {
  Fill(4);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  bronze.positions.begin()->second = 1;
  rd_kafka_mock_partition_delete_records(cluster_.get(), "t", 0, 3);
  Status refused = bronze.ReadAll(cluster_.Options());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, StartsWith("DATA_LOSS t/0 [1,3)"));
  KafkaOptions accepting = cluster_.Options();
  accepting.accept_data_loss = true;
  ASSERT_TRUE(bronze.ReadAll(accepting));
  EXPECT_EQ(bronze.values.back(), Message(3));
  ASSERT_EQ(bronze.gaps.size(), 1u);
  EXPECT_EQ(bronze.gaps[0].to_offset, 3);
}

// Killed after bronze's first commit, whatever that is: the next start must not take for lost what was never there.
TEST_F(MockTest, AFirstStartOnAnOldTopicKilledAfterItsFirstCommitGoesOn) {
  MockCluster cluster("t", 2);
  auto producer = Producer(1 << 20, cluster.Options());
  RawBatch batch = LiveBatch(1, Message(0));
  for (int i = 1; i < 40; ++i) batch.Add({"key " + std::to_string(i), Message(i), kClock.Now(), 1});
  ASSERT_TRUE(producer->Push(batch, {}));
  ASSERT_TRUE(producer->Drain({}));
  for (int partition : {0, 1}) rd_kafka_mock_partition_delete_records(cluster.get(), "t", partition, 4);
  Bronze bronze;
  ConsumerHooks killed = bronze.Hooks();
  killed.push = [&, push = killed.push, batches = 0](RawBatch taken) mutable { return batches++ == 0 && push(std::move(taken)); };
  auto consumer = *TopicConsumer::Create({cluster.Options(), true}, kClock);
  (void)consumer->Run(killed, {});
  EXPECT_EQ(bronze.positions.size(), 2u) << "both partitions are begun in one commit";
  Status read = bronze.ReadAll(cluster.Options());
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(bronze.values.size(), 32u);
}

TEST_F(MockTest, WithAnEndToReachATopicThatIsNotThereIsAnErrorThatNamesTheFlags) {
  KafkaOptions options = cluster_.Options();
  options.topic = "nope";
  Bronze bronze;
  auto consumer = *TopicConsumer::Create({options, true, false, std::chrono::seconds(0)}, kClock);
  Status read = consumer->Run(bronze.Hooks(), {});
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("topic nope (--topic, kafka.topic) does not exist"));
  auto optional = *TopicConsumer::Create({options, true, true}, kClock);
  EXPECT_TRUE(optional->Run(bronze.Hooks(), {})) << "nothing to read, at once";
}

TEST_F(MockTest, AnEmptyTopicHasAnEndToo) {
  Bronze bronze;
  Status read = bronze.ReadAll(cluster_.Options());
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_TRUE(bronze.values.empty());
}

TEST_F(MockTest, TheFirstRecordHandedOnIsTheOneAtThePosition) {
  Fill(6);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.offsets, ElementsAre(0, 1, 2, 3, 4, 5));
  bronze.positions.begin()->second = 3;
  bronze.last = StoredRecord{1, "bitcoin", Message(1)};  // the start reads from here on, before it goes to the position
  bronze.offsets.clear();
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.offsets, ElementsAre(3, 4, 5));
}

TEST_F(MockTest, ABrokerThatFallsSilentWhileTheLastRecordIsComparedIsWaitedFor) {
  Fill(3);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  bronze.positions.begin()->second = 2;
  bronze.last = StoredRecord{1, "bitcoin", Message(1)};
  cluster_.Delay(MockCluster::kFetch, std::chrono::seconds(11));  // longer than one comparison waits
  Status read = bronze.ReadAll(cluster_.Options());
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_THAT(bronze.offsets, ElementsAre(0, 1, 2, 2));
}

// Without topic ids a topic that is replaced while we read shows only by its records.
TEST_F(MockTest, WithoutTopicIdsALogThatIsCutUnderAReaderIsComparedAgain) {
  Fill(4);
  cluster_.HideTopicIds();
  Bronze bronze;
  bronze.last = StoredRecord{3, "bitcoin", Message(3)};
  ConsumerHooks hooks = bronze.Hooks();
  std::atomic<int> rows = 0, compared = 0;
  hooks.last_record = [&](const std::string&, std::int32_t, std::int64_t) {
    ++compared;
    return std::optional(StoredRecord{3, "bitcoin", Message(77)});
  };
  hooks.push = [&, push = hooks.push](RawBatch batch) {
    rows += static_cast<int>(batch.rows());
    return push(std::move(batch));
  };
  auto consumer = *TopicConsumer::Create({cluster_.Options()}, kClock);
  Status ended;
  std::jthread reader([&](StopToken stop) { ended = consumer->Run(hooks, stop); });
  ASSERT_TRUE(Await([&] { return rows == 4; }));
  EXPECT_EQ(compared, 0) << "a new lake has nothing to compare";
  cluster_.FailOnce(MockCluster::kFetch, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE);
  ASSERT_TRUE(Await([&] { return compared > 0; }));
  reader.join();
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, StartsWith("TOPIC_REPLACED t: partition 0: another record at offset 3"));
}

// Bronze takes longer than any poll may: reading pauses, librdkafka is still polled, and afterwards each record comes once.
TEST_F(MockTest, ABronzeThatTakesLongPausesTheReadingAndLosesNothing) {
  KafkaOptions options = cluster_.Options();
  options.librdkafka.emplace("session.timeout.ms", Secret("1000"));
  options.librdkafka.emplace("max.poll.interval.ms", Secret("2000"));
  Bronze bronze;
  ConsumerHooks hooks = bronze.Hooks();
  std::atomic<bool> busy = true;
  std::atomic<int> rows = 0;
  hooks.push = [&, push = hooks.push](RawBatch batch) {
    while (busy) SleepFor({}, std::chrono::milliseconds(5));
    rows += static_cast<int>(batch.rows());
    return push(std::move(batch));
  };
  auto consumer = *TopicConsumer::Create({options}, kClock);
  Status ended;
  std::jthread reader([&](StopToken stop) { ended = consumer->Run(hooks, stop); });
  auto producer = Producer();
  constexpr int kCount = 40;
  for (int i = 0; i < kCount; ++i) {  // one by one, so that the way to bronze fills
    ASSERT_TRUE(producer->Push(LiveBatch(i + 1, Message(i)), {}));
    ASSERT_TRUE(producer->Drain({}));
  }
  SleepFor({}, std::chrono::seconds(7));  // longer than the reader's patience and than a poll may take
  busy = false;
  ASSERT_TRUE(Await([&] { return rows >= kCount; }));
  reader.request_stop();
  reader.join();
  EXPECT_TRUE(ended) << ended.error().message;
  ASSERT_EQ(bronze.offsets.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(bronze.offsets[i], i);
}

}  // namespace
}  // namespace cryptostream
