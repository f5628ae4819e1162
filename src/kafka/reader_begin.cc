// The first half of a Reader: finding the place in the topic. In: the cluster's and bronze's view of it. Out: every partition assigned
// at an absolute offset. The same way is gone again whenever the place is in doubt while reading (an offset out of range, partitions
// added, the topic gone), with bronze's positions and what was handed on since.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "kafka/admin.h"
#include "kafka/reader.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::seconds kOptionalRetry{10};
// Before less than was read is believed: a broker that just took over, or hears of new partitions late, may lag.
constexpr int kAttempts = 4;
// With an end to reach: so long for a broker that does not answer.
constexpr std::chrono::seconds kBrokerPatience{120};

}  // namespace

Status TopicConsumer::Reader::GiveUp(const std::string& words) const {
  return Unavailable(
      fmt::format("{} (waited {} s; without --exit-when-done it is waited for)", words, waiting_.lasted().count()));
}

// Waits until the cluster answers and the topic is there. Errors: NotFound, of an optional topic, when only what is there now is wanted.
Result<TopicState> TopicConsumer::Reader::AwaitTopic() {
  while (!Stopped()) {
    auto topic = DescribeTopic(client_, options_.kafka.topic, kAdminTimeout);
    if (!topic && partitions_.empty()) client_.ServeEvents();
    if (topic) {
      client_.ClearTrouble();
      waiting_.End();
      return topic;
    }
    if (topic.error().kind == ErrorKind::kInvalid) return topic;
    bool missing = topic.error().kind == ErrorKind::kNotFound;
    if (missing && options_.optional) {
      if (options_.until_end) return topic;
      SleepFor(stop_, kOptionalRetry);
      continue;
    }
    std::string reason = client_.trouble().empty() ? topic.error().message : client_.trouble();
    std::string words =
        missing
            ? fmt::format(
                  "topic {} (--topic, kafka.topic) does not exist at {} (--broker, kafka.broker), waiting for it: `cryptostream "
                  "produce` makes it with the first prices, as does any producer that may",
                  options_.kafka.topic, options_.kafka.broker)
            : fmt::format("cannot reach {} (--broker, kafka.broker), trying again: {}", options_.kafka.broker, reason);
    waiting_.Say(words);
    Report(missing ? SourceState::kWaiting : SourceState::kUnreachable, words);
    if (options_.until_end && waiting_.lasted() >= (missing ? options_.topic_patience : kBrokerPatience)) {
      return std::unexpected(GiveUp(words).error());
    }
    SleepFor(stop_, kRetry);
  }
  return Cancelled("stopped while waiting for the topic");
}

Result<std::map<std::int32_t, OffsetRange>> TopicConsumer::Reader::AwaitOffsets(const TopicState& topic) {
  while (!Stopped()) {
    auto ranges = ListOffsets(client_, topic, kAdminTimeout);
    if (ranges) waiting_.End();
    if (ranges || ranges.error().kind == ErrorKind::kInvalid) return ranges;
    Report(SourceState::kUnreachable, ranges.error().message);
    waiting_.Say(ranges.error().message + " (trying again)");
    if (options_.until_end && waiting_.lasted() >= kBrokerPatience) {
      return std::unexpected(GiveUp(ranges.error().message).error());
    }
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
    // A topic's id never comes back, and a topic that had one does not lose it.
    bool lags = former_ids_.contains(facts.topic.id) || (facts.topic.id.empty() && !topic_.id.empty());
    if ((lags || ShowsLess(facts)) && look < kAttempts) {
      SleepFor(stop_, kRetry);
      continue;
    }
    auto differing = CompareRecords(facts);
    if (differing) {
      facts.differing = *std::move(differing);
      break;
    }
    if (differing.error().kind != ErrorKind::kUnavailable) return std::unexpected(differing.error());
    waiting_.Say(differing.error().message + " (trying again)");
    Report(SourceState::kUnreachable, differing.error().message);
    SleepFor(stop_, kRetry);
  }
  if (!topic_.id.empty() && topic_.id != facts.topic.id) former_ids_.insert(topic_.id);
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
    partitions_.try_emplace(start.partition, topic_.name, start.partition, PartitionPositionId(plan.identity, start.partition),
                            start.offset);
  }
  for (const Gap& gap : plan.gaps) {
    LogWarn("kafka: going on over a loss: topic={} partition={} from={} reason={}", gap.topic, gap.partition, *gap.from_offset,
            gap.reason);
  }
  if (!TellBegins(plan)) return {};
  return Assign();
}

// Hands on all positions at which reading begins, and what was lost before them, as one batch, which is one commit: were they told one by
// one, each with its first record, a process that is killed in between would find some partitions begun and take the rest for lost.
// False when the program stops.
bool TopicConsumer::Reader::TellBegins(StartPlan& plan) {
  auto begins = std::make_shared<RawBatch>();
  begins->begins = plan.Begins();
  auto carrier = std::ranges::find_if(plan.starts, [](const PartitionStart& start) { return start.tell && start.offset > 0; });
  if (carrier == plan.starts.end()) {  // all begin at 0, which is the same as no position: gaps wait for the first record
    std::ranges::move(plan.gaps, std::back_inserter(gaps_));
    return true;
  }
  begins->source = kDefaultSource;
  begins->topic = topic_.name;
  begins->partition = carrier->partition;
  begins->position_id = PartitionPositionId(plan.identity, carrier->partition);
  begins->next_position = carrier->offset;
  begins->gaps = std::move(plan.gaps);
  begins->live = false;
  return HandOver(begins);
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
