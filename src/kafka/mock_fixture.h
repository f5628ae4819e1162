#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/consumer.h"
#include "kafka/mock_cluster.h"
#include "kafka/producer.h"

namespace cryptostream {

inline const SystemClock kClock;

inline RawBatch LiveBatch(std::int64_t position, std::string value) {
  RawBatch batch;
  batch.source = "coingecko";
  batch.position_id = "bronze/direct/coingecko";
  batch.next_position = position;
  batch.Add({"bitcoin", std::move(value), kClock.Now(), position - 1});
  return batch;
}

// Waits until something is true, generously: machines are slow.
template <class Condition>
bool Await(Condition condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition() && std::chrono::steady_clock::now() < deadline) SleepFor({}, std::chrono::milliseconds(5));
  return condition();
}

inline std::string Message(int i) {
  return R"({"timestamp":17638000)" + std::to_string(10 + i) + R"(,"coin_id":"bitcoin","price":1.5})";
}

// Stands in for bronze: what was pushed, and positions to begin with.
struct Bronze {
  BronzePositions positions;
  std::optional<StoredRecord> last;
  std::vector<std::int64_t> offsets;
  std::vector<std::string> values;
  std::vector<Gap> gaps;
  std::vector<Reject> rejects;

  ConsumerHooks Hooks() {
    ConsumerHooks hooks;
    hooks.positions = [this] { return positions; };
    hooks.last_record = [this](const std::string&, std::int32_t, std::int64_t) { return last; };
    hooks.push = [this](RawBatch batch) {
      for (std::size_t i = 0; i < batch.rows(); ++i) {
        offsets.push_back(batch.row(i).offset);
        values.emplace_back(batch.row(i).value);
      }
      gaps.insert(gaps.end(), batch.gaps.begin(), batch.gaps.end());
      rejects.insert(rejects.end(), batch.rejects.begin(), batch.rejects.end());
      positions[batch.position_id] = batch.next_position;
      for (const auto& [id, position] : batch.begins) positions[id] = position;
      return true;
    };
    return hooks;
  }
  Status ReadAll(const KafkaOptions& kafka) {
    CS_ASSIGN(auto consumer, TopicConsumer::Create({kafka, true}, kClock));
    return consumer->Run(Hooks(), {});
  }
};

// A cluster of one topic, "t", and a folder for the spool.
class MockTest : public testing::Test {
 protected:
  MockTest() : folder_(std::filesystem::temp_directory_path() / ("producer_test_" + RandomHexId())) {}
  ~MockTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<TopicProducer> Producer(std::uint64_t spool_bytes = 1 << 20) {
    return Producer(spool_bytes, cluster_.Options());
  }
  std::unique_ptr<TopicProducer> Producer(std::uint64_t spool_bytes, const KafkaOptions& options) {
    auto producer = TopicProducer::Start({options, folder_ / "spool.db", spool_bytes}, kClock);
    EXPECT_TRUE(producer) << producer.error().message;
    return *std::move(producer);
  }
  // Puts messages 0..count-1 on the topic.
  void Fill(int count) {
    auto producer = Producer();
    for (int i = 0; i < count; ++i) ASSERT_TRUE(producer->Push(LiveBatch(i + 1, Message(i)), {}));
    ASSERT_TRUE(producer->Drain({}));
  }

  // Reads the topic of marks, which must be there.
  KafkaOptions MarksOptions() const {
    KafkaOptions options = cluster_.Options();
    options.topic += "-marks";
    return options;
  }
  void MakeMarksTopic() { rd_kafka_mock_topic_create(cluster_.get(), "t-marks", 1, 1); }

  const std::filesystem::path folder_;
  MockCluster cluster_;
};

}  // namespace cryptostream
