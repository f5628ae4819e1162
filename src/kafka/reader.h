#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "base/queue.h"
#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/topic_batch.h"
#include "kafka/waiting.h"

namespace cryptostream {

// One run of a TopicConsumer: the loop around one client. Two threads: this one polls librdkafka and never waits long for bronze, the
// pusher waits for bronze's room.
class TopicConsumer::Reader {
 public:
  Reader(const ConsumerOptions& options, const Clock& clock, const ConsumerHooks& hooks, StopToken stop, KafkaClient& client);
  ~Reader();
  Status Run();

 private:
  using Steady = std::chrono::steady_clock;

  // Finding the place.
  Result<TopicState> AwaitTopic();
  Result<std::map<std::int32_t, OffsetRange>> AwaitOffsets(const TopicState& topic);
  Result<StartPlan> Plan();
  Result<std::map<std::int32_t, std::string>> CompareRecords(const StartFacts& facts);
  Status Begin();
  bool TellBegins(StartPlan& plan);
  Status Assign();

  // Reading.
  Status Poll();
  void OnEvent(const rd_kafka_message_t& event);
  void Take(PartitionBatches& at, const rd_kafka_message_t& message, Timestamp received);
  Status CheckReadable();
  Status Flush();
  Status AwaitIdentity();
  bool HandOver(const std::shared_ptr<RawBatch>& batch);
  void Pause();
  bool Stopped() const { return stop_.stop_requested() || pusher_ended_; }

  // What is shown.
  Status Housekeep();
  void PublishOffsets();
  Status Refresh();
  bool AtEnd() const;
  void TellEnd();
  void Report(SourceState state, std::string message);
  Status GiveUp(const std::string& words) const;

  const ConsumerOptions& options_;
  const Clock& clock_;
  const ConsumerHooks& hooks_;
  const StopToken stop_;
  KafkaClient& client_;
  const KafkaQueue queue_;

  TopicState topic_;
  std::map<std::int32_t, PartitionBatches> partitions_;
  std::map<std::int32_t, std::int64_t> ends_;       // with until_end: what the topic held at the start
  BronzePositions known_;                           // bronze's, and what was handed on since
  std::map<std::int32_t, std::int64_t> published_;  // group offsets
  std::vector<Gap> gaps_;                           // told with the first record that comes, of any partition
  std::set<std::string> former_ids_;                // of the topic, in this run: who shows one again lags
  std::int64_t taken_ = 0;                          // records
  Waiting waiting_;
  std::map<std::int32_t, std::string> unreadable_;  // partitions at whose next offset lies what cannot be read, and why
  bool look_again_ = false;                         // the place in the topic is in doubt: plan anew
  bool paused_ = false;
  Steady::time_point published_at_{}, published_again_at_{}, refreshed_at_{};

  BoundedQueue<std::shared_ptr<RawBatch>, BatchWeight> handoff_{4 * RawBatch::kFullRows};
  std::atomic<bool> pusher_ended_ = false;
  std::jthread pusher_;
};

}  // namespace cryptostream
