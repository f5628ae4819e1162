// Producer and consumer against librdkafka's mock cluster: what a real broker cannot be made to do.
#include "kafka/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <thread>

#include "base/metrics.h"
#include "base/text.h"
#include "kafka/consumer.h"
#include "kafka/mock_cluster.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const SystemClock kClock;

RawBatch LiveBatch(std::int64_t position, std::string value) {
  RawBatch batch;
  batch.source = "coingecko";
  batch.position_id = "bronze/direct/coingecko";
  batch.next_position = position;
  batch.Add({"bitcoin", std::move(value), kClock.Now(), position - 1});
  return batch;
}

std::string Message(int i) {
  return R"({"timestamp":17638000)" + std::to_string(10 + i) + R"(,"coin_id":"bitcoin","price":1.5})";
}

// Stands in for bronze: what was pushed, and positions to begin with.
struct Bronze {
  BronzePositions positions;
  std::optional<StoredRecord> last;
  std::vector<std::string> values;
  std::vector<Gap> gaps;
  std::vector<Reject> rejects;

  ConsumerHooks Hooks() {
    ConsumerHooks hooks;
    hooks.positions = [this] { return positions; };
    hooks.last_record = [this](const std::string&, std::int32_t, std::int64_t) { return last; };
    hooks.push = [this](RawBatch batch) {
      for (std::size_t i = 0; i < batch.rows(); ++i) values.emplace_back(batch.row(i).value);
      gaps.insert(gaps.end(), batch.gaps.begin(), batch.gaps.end());
      rejects.insert(rejects.end(), batch.rejects.begin(), batch.rejects.end());
      positions[batch.position_id] = batch.next_position;
      return true;
    };
    return hooks;
  }
  Status ReadAll(const KafkaOptions& kafka) {
    CS_ASSIGN(auto consumer, TopicConsumer::Create({kafka, true}, kClock));
    return consumer->Run(Hooks(), {});
  }
};

class MockTest : public testing::Test {
 protected:
  MockTest() : folder_(fs::temp_directory_path() / ("producer_test_" + RandomHexId())) {}
  ~MockTest() override { fs::remove_all(folder_); }

  std::unique_ptr<TopicProducer> Producer(std::uint64_t spool_bytes = 1 << 20) {
    auto producer = TopicProducer::Start({cluster_.Options(), folder_ / "spool.db", spool_bytes}, kClock);
    EXPECT_TRUE(producer) << producer.error().message;
    return *std::move(producer);
  }
  // Puts messages 0..count-1 on the topic.
  void Fill(int count) {
    auto producer = Producer();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(producer->Push(LiveBatch(i + 1, Message(i)), {}));
    ASSERT_TRUE(producer->Drain({}));
  }

  const fs::path folder_;
  MockCluster cluster_;
};

TEST_F(MockTest, AProducerThatFailsForGoodIsReplaced) {
  double before = MetricValue("cryptostream_producer_restarts_total", {});
  cluster_.FailOnce(MockCluster::kInitProducerId, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  Fill(3);
  EXPECT_GT(MetricValue("cryptostream_producer_restarts_total", {}), before);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0), Message(1), Message(2)));
}

TEST_F(MockTest, ErrorsThatPassCostNothing) {
  cluster_.FailOnce(MockCluster::kProduce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  cluster_.FailOnce(MockCluster::kProduce, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  Fill(2);
  cluster_.FailOnce(MockCluster::kFetch, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0), Message(1)));
}

TEST_F(MockTest, AFullSpoolPausesALiveSourceAndTellsTheGap) {
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
  ASSERT_GE(bronze.gaps.size(), 1u);
  EXPECT_THAT(bronze.gaps[0].reason, HasSubstr("spool was full"));
  EXPECT_LT(*bronze.gaps[0].from_time, *bronze.gaps[0].to_time);
}

TEST_F(MockTest, RejectsAndGapsOfASourceReachTheOtherSide) {
  auto producer = Producer();
  RawBatch batch = LiveBatch(1, Message(0));
  batch.rejects.push_back({"coingecko", "", 0, 0, "source", "bad_body: <html>", "<html>", kClock.Now(), 1});
  Gap gap;
  gap.source = "coingecko";
  gap.from_time = FromMicros(1'000);
  gap.to_time = FromMicros(2'000);
  gap.reason = "429 from the provider";
  batch.gaps.push_back(gap);
  ASSERT_TRUE(producer->Push(batch, {}));
  ASSERT_TRUE(producer->Drain({}));
  Bronze bronze;
  ASSERT_TRUE(bronze.ReadAll(cluster_.Options()));
  EXPECT_THAT(bronze.values, ElementsAre(Message(0)));
  ASSERT_EQ(bronze.rejects.size(), 1u);
  EXPECT_EQ(bronze.rejects[0].reason, "bad_body: <html>");
  EXPECT_EQ(bronze.rejects[0].value, "<html>");
  ASSERT_EQ(bronze.gaps.size(), 1u);
  EXPECT_EQ(bronze.gaps[0].to_time, FromMicros(2'000));
  EXPECT_EQ(bronze.gaps[0].reason, "429 from the provider");
}

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

}  // namespace
}  // namespace cryptostream
