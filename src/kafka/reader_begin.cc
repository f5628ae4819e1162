// The first half of a Reader: finding the place in the topic. In: the cluster's and bronze's view of it. Out: every partition assigned
// at an absolute offset. The same way is gone again whenever the place is in doubt while reading (an offset out of range, partitions
// added, the topic gone), with bronze's positions and what was handed on since.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "kafka/admin.h"
#include "kafka/reader.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kRetry{1};
// Before less than was read is believed: a broker that just took over, or hears of new partitions late, may lag.
constexpr int kLooks = 4;

}  // namespace

// Waits until the cluster answers and the topic is there.
Result<TopicState> TopicConsumer::Reader::AwaitTopic() {
  std::string said;
  while (!Stopped()) {
    auto topic = DescribeTopic(client_, options_.kafka.topic, kAdminTimeout);
    if (!topic && partitions_.empty()) client_.ServeEvents();
    if (topic) {
      client_.ClearTrouble();
      return topic;
    }
    if (topic.error().kind == ErrorKind::kInvalid) return topic;
    bool missing = topic.error().kind == ErrorKind::kNotFound;
    std::string reason = client_.trouble().empty() ? topic.error().message : client_.trouble();
    std::string words =
        missing ? fmt::format("topic {} does not exist at {}, waiting for it", options_.kafka.topic, options_.kafka.broker)
                : fmt::format("cannot reach {}: {}", options_.kafka.broker, reason);
    if (said != words) LogWarn("kafka: {}", words);
    said = words;
    Report(missing ? SourceState::kWaiting : SourceState::kUnreachable, words);
    SleepFor(stop_, kRetry);
  }
  return Cancelled("stopped while waiting for the topic");
}

Result<std::map<std::int32_t, OffsetRange>> TopicConsumer::Reader::AwaitOffsets(const TopicState& topic) {
  while (!Stopped()) {
    auto ranges = ListOffsets(client_, topic, kAdminTimeout);
    if (ranges || ranges.error().kind == ErrorKind::kInvalid) return ranges;
    Report(SourceState::kUnreachable, ranges.error().message);
    LogWarn("kafka: {}", ranges.error().message);
    SleepFor(stop_, kRetry);
  }
  return Cancelled("stopped while waiting for the topic's offsets");
}

Result<std::map<std::int32_t, std::string>> TopicConsumer::Reader::CompareRecords(const StartFacts& facts) {
  std::map<std::int32_t, StoredRecord> stored;
  std::string identity = TopicIdentity(facts.topic, facts.bronze);
  // Rows of an earlier topic of that name cannot be told from this one's in bronze.
  if (OtherIdentity(facts.bronze, facts.topic.name, identity)) return FindDifferingRecords(client_, facts.topic.name, {}, stop_);
  for (const auto& [partition, range] : facts.ranges) {
    auto known = facts.bronze.find(PartitionPositionId(identity, partition));
    if (known == facts.bronze.end()) continue;
    CS_ASSIGN(auto record, hooks_.last_record(facts.topic.name, partition, known->second));
    if (record && record->offset >= range.first && record->offset < range.end) stored[partition] = *std::move(record);
  }
  return FindDifferingRecords(client_, facts.topic.name, stored, stop_);
}

Result<StartPlan> TopicConsumer::Reader::Plan() {
  StartFacts facts;
  facts.bronze = known_;
  for (int look = 1;; ++look) {
    CS_ASSIGN(facts.topic, AwaitTopic());
    CS_ASSIGN(facts.ranges, AwaitOffsets(facts.topic));
    if (ShowsLess(facts) && look < kLooks) {
      SleepFor(stop_, kRetry);
      continue;
    }
    auto differing = CompareRecords(facts);
    if (differing) {
      facts.differing = *std::move(differing);
      break;
    }
    if (differing.error().kind != ErrorKind::kUnavailable) return std::unexpected(differing.error());
    LogWarn("kafka: {}", differing.error().message);
    Report(SourceState::kUnreachable, differing.error().message);
    SleepFor(stop_, kRetry);
  }
  topic_ = facts.topic;
  if (options_.until_end && ends_.empty()) {
    for (const auto& [partition, range] : facts.ranges) ends_[partition] = range.end;
  }
  return PlanStart(facts, options_.kafka.accept_data_loss, clock_.Now());
}

Status TopicConsumer::Reader::Begin() {
  look_again_ = false;
  CS_ASSIGN(StartPlan plan, Plan());
  partitions_.clear();
  unreadable_.clear();
  if (!plan.gaps.empty()) gaps_.clear();
  for (const PartitionStart& start : plan.starts) {
    auto [at, added] = partitions_.try_emplace(start.partition, topic_.name, start.partition,
                                               PartitionPositionId(plan.identity, start.partition), start.offset);
    if (start.tell) at->second.Tell();
  }
  for (Gap& gap : plan.gaps) {
    LogWarn("kafka: going on over a loss: topic={} partition={} from={} reason={}", gap.topic, gap.partition, *gap.from_offset,
            gap.reason);
    // A gap goes with the position that it explains; where there is none yet, with the first record that brings one.
    auto start = std::ranges::find(plan.starts, gap.partition, &PartitionStart::partition);
    if (start != plan.starts.end() && start->tell) {
      partitions_.at(gap.partition).AddGap(std::move(gap));
    } else {
      gaps_.push_back(std::move(gap));
    }
  }
  return Assign();
}

Status TopicConsumer::Reader::Assign() {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const auto& [partition, batches] : partitions_) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.name.c_str(), partition)->offset = batches.next();
  }
  paused_ = false;
  auto code = rd_kafka_assign(client_.handle(), list.get());
  if (code) return std::unexpected(KafkaError("cannot assign the partitions of " + topic_.name, code));
  LogDebug("kafka: reading {} partitions of {}", partitions_.size(), topic_.name);
  return {};
}

}  // namespace cryptostream
