// The second half of a Reader: poll, gather, check the topic's identity, hand on. In: records. Out: batches for bronze.
//
// Why the identity is asked for after each fetch and before each hand-over: a topic's id never comes back, so if it is still ours
// now, every record fetched before is our topic's. Asking only now and then would let a topic that was deleted and filled again in
// between pass for the old one. It costs one small request a batch.
//
// While bronze has no room the assignment is given back and later taken again at our own offsets. librdkafka's pause and resume
// would do the same with its own idea of the place; ours is the one that counts. Rejected: a consumer group's rebalancing,
// which would need all that is buffered to be dropped and found again at each change of members.
#include "kafka/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "kafka/admin.h"
#include "kafka/damage.h"
#include "kafka/record.h"

namespace cryptostream {
namespace {

constexpr int kPollMs = 50;
constexpr int kLastPollMs = 5;  // where the end is waited for: a poll that is not full lasts as long as it may
constexpr std::size_t kPollMessages = 10'000;
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::chrono::seconds kPatience{5};  // with bronze before the assignment is given back
constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kPublishEvery{1};
// Offsets that have not changed: the coordinator may not have taken them, and it forgets groups that say nothing.
constexpr std::chrono::seconds kPublishAgainEvery{30};
constexpr std::chrono::seconds kRefreshEvery{5};

}  // namespace

TopicConsumer::Reader::Reader(const ConsumerOptions& options, const Clock& clock, const ConsumerHooks& hooks, StopToken stop,
                              KafkaClient& client)
    : options_(options),
      clock_(clock),
      hooks_(hooks),
      stop_(std::move(stop)),
      client_(client),
      queue_(rd_kafka_queue_get_consumer(client.handle())) {
  pusher_ = std::jthread([this](StopToken ending) {
    while (!handoff_.Done()) {
      auto batch = handoff_.Pop(ending, std::chrono::milliseconds(100));
      if (!batch) continue;
      if (!hooks_.push(std::move(**batch))) break;
    }
    pusher_ended_ = true;
  });
}

TopicConsumer::Reader::~Reader() {
  handoff_.Close();
  if (stop_.stop_requested()) handoff_.Clear();
  pusher_.join();
}

Status TopicConsumer::Reader::Run() {
  CS_ASSIGN(known_, hooks_.positions());
  CS_TRY(Begin());
  LogInfo("kafka: reading topic {} at {}, {} partitions", topic_.name, options_.kafka.broker, partitions_.size());
  while (!Stopped()) {
    CS_TRY(Poll());
    if (look_again_) CS_TRY(Begin());
    CS_TRY(Flush());
    CS_TRY(CheckReadable());
    CS_TRY(Housekeep());
    if (options_.until_end && AtEnd()) {
      TellEnd();
      LogInfo("kafka: read topic {} to its end, {} records in this run{}", topic_.name, taken_,
              taken_ == 0 ? " (nothing new was there)" : "");
      return {};
    }
  }
  return {};
}

// Takes what has come, up to a batch.
Status TopicConsumer::Reader::Poll() {
  std::vector<rd_kafka_message_t*> messages(kPollMessages);
  const int wait_ms = options_.until_end ? kLastPollMs : kPollMs;
  std::size_t bytes = 0, rows = 0;
  while (true) {
    ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), wait_ms, messages.data(), messages.size());
    if (count < 0) return std::unexpected(KafkaError("cannot read " + topic_.name, rd_kafka_last_error()));
    Timestamp received = clock_.Now();
    for (ssize_t i = 0; i < count; ++i) {
      KafkaMessage message(messages[i]);
      auto at = partitions_.find(message->partition);
      if (message->err) {
        OnEvent(*message);
      } else if (at != partitions_.end()) {
        Take(at->second, *message, received);
        bytes += message->len;
        ++rows;
      }
    }
    if (static_cast<std::size_t>(count) < kPollMessages || bytes >= RawBatch::kFullBytes || rows >= RawBatch::kFullRows)
      return {};
  }
}

// What lies behind records that cannot be read waits until that is settled.
void TopicConsumer::Reader::Take(PartitionBatches& at, const rd_kafka_message_t& message, Timestamp received) {
  if (unreadable_.contains(message.partition) && message.offset >= at.next()) return;
  if (!gaps_.empty()) {
    for (Gap& gap : std::exchange(gaps_, {})) at.AddGap(std::move(gap));
  }
  at.Add(RdRecord(message), received);
  ++taken_;
}

// Settles what cannot be read. Errors: Corrupt, when its loss is not accepted; what came before it was handed on.
Status TopicConsumer::Reader::CheckReadable() {
  if (unreadable_.empty()) return {};
  while (!unreadable_.empty()) {
    const auto& [partition, words] = *unreadable_.begin();
    PartitionBatches& at = partitions_.at(partition);
    if (!options_.kafka.accept_data_loss) {
      return Corrupt(fmt::format("DATA_LOSS {}/{} [{},?): the broker's copy of these records is damaged: {}{}", topic_.name,
                                 partition, at.next(), words, kLossAdvice));
    }
    CS_ASSIGN(auto ranges, AwaitOffsets(topic_));
    auto found = FirstReadable(client_, {topic_.name, partition}, {at.next(), ranges[partition].end}, stop_);
    if (!found && found.error().kind == ErrorKind::kUnavailable) {  // the broker is away: looked for again, with the next poll
      waiting_.Say(found.error().message);
      Report(SourceState::kUnreachable, found.error().message);
      return {};
    }
    CS_ASSIGN(std::int64_t first, std::move(found));
    LogWarn("kafka: going on over a loss: topic={} partition={} from={} to={}", topic_.name, partition, at.next(), first);
    at.AddGap(MakeGap(topic_.name, partition, at.next(), first, "DATA_LOSS: " + words, clock_.Now()));
    at.Skip(first);
    unreadable_.erase(unreadable_.begin());
  }
  CS_TRY(Flush());
  return Assign();
}

void TopicConsumer::Reader::OnEvent(const rd_kafka_message_t& event) {
  auto at = partitions_.find(event.partition);
  // librdkafka goes on behind a batch that it cannot read, or at the end, as if there had been nothing.
  bool damage = IsDamage(event.err) && at != partitions_.end();
  if (damage && !unreadable_.try_emplace(event.partition, rd_kafka_message_errstr(&event)).second) return;
  switch (event.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      // Behind the last record lie only control records: the position goes past them.
      if (at != partitions_.end() && !unreadable_.contains(event.partition)) at->second.Skip(event.offset);
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID:
      if (unreadable_.contains(event.partition)) return;
      look_again_ = true;
      break;
    default: break;
  }
  std::string words = fmt::format("partition {}: {}", event.partition, rd_kafka_message_errstr(&event));
  LogWarn("kafka: {}", words);
  Report(SourceState::kWaiting, words);
}

Status TopicConsumer::Reader::Flush() {
  bool news = false;
  std::vector<std::shared_ptr<RawBatch>> batches;
  if (look_again_) return {};
  for (auto& [partition, gathered] : partitions_) news |= gathered.HasNews();
  if (!news) return {};
  CS_TRY(AwaitIdentity());
  if (look_again_) return {};
  for (auto& [partition, gathered] : partitions_) {
    for (auto& batch : gathered.Take()) batches.push_back(std::move(batch));
  }
  for (const auto& batch : batches) {
    if (!HandOver(batch)) return {};
  }
  if (paused_) return Assign();
  return {};
}

// Returns when the topic is known to be the one that we have read, or sets look_again_ when it is not.
Status TopicConsumer::Reader::AwaitIdentity() {
  if (topic_.id.empty()) return {};
  auto now = DescribeTopic(client_, topic_.name, kAdminTimeout);
  if (!now) now = AwaitTopic();
  if (!now) return std::unexpected(now.error());
  if (now->id == topic_.id) return {};
  for (auto& [partition, gathered] : partitions_) gathered.Forget();
  look_again_ = true;
  return {};
}

// Hands one batch to the pusher. False when the program stops.
bool TopicConsumer::Reader::HandOver(const std::shared_ptr<RawBatch>& batch) {
  auto begun = Steady::now();
  std::string id = batch->position_id;
  std::int64_t reached = batch->next_position;
  while (!handoff_.TryPush(batch)) {
    if (Stopped()) return false;
    if (!paused_ && Steady::now() - begun > kPatience) Pause();
    SleepFor(stop_, kPollInterval);
    if (paused_) client_.ServeEvents();
  }
  known_[id] = reached;
  for (const auto& [begun_id, position] : batch->begins) known_[begun_id] = std::max(known_[begun_id], position);
  return true;
}

void TopicConsumer::Reader::Pause() {
  LogInfo("kafka: bronze has no room, reading pauses");
  rd_kafka_assign(client_.handle(), nullptr);
  paused_ = true;
}

Status TopicConsumer::Reader::Housekeep() {
  auto now = Steady::now();
  if (now - published_again_at_ >= kPublishAgainEvery) {
    published_again_at_ = now;
    published_.clear();
  }
  if (now - published_at_ >= kPublishEvery) {
    published_at_ = now;
    PublishOffsets();
  }
  if (now - refreshed_at_ < kRefreshEvery) return {};
  refreshed_at_ = now;
  return Refresh();
}

// Tells the group's coordinator what is committed to bronze, for the usual tools; a failure changes nothing.
void TopicConsumer::Reader::PublishOffsets() {
  bool behind = std::ranges::any_of(partitions_, [&](const auto& at) { return published_[at.first] != at.second.next(); });
  if (!behind) return;
  auto positions = hooks_.positions();
  if (!positions) return;
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
  for (const auto& [partition, gathered] : partitions_) {
    auto committed = positions->find(gathered.position_id());
    if (committed == positions->end() || published_[partition] == committed->second) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic_.name.c_str(), partition)->offset = committed->second;
    published_[partition] = committed->second;
  }
  if (list->cnt > 0) rd_kafka_commit(client_.handle(), list.get(), 1);
}

// Looks for new partitions and measures the lag, against the last stable offset.
Status TopicConsumer::Reader::Refresh() {
  auto topic = DescribeTopic(client_, topic_.name, kAdminTimeout);
  auto ranges = topic ? ListOffsets(client_, *topic, kAdminTimeout) : std::unexpected(topic.error());
  if (!ranges) {
    Report(SourceState::kUnreachable, ranges.error().message);
    return {};
  }
  client_.ClearTrouble();
  if (topic->id != topic_.id || topic->partitions != topic_.partitions) {
    LogInfo("kafka: topic {} has changed, {} partitions now", topic_.name, topic->partitions.size());
    return Begin();
  }
  std::int64_t lag = 0;
  for (const auto& [partition, gathered] : partitions_) {
    std::int64_t behind = std::max<std::int64_t>(0, (*ranges)[partition].end - gathered.next());
    SetGauge("cryptostream_kafka_consumer_lag_messages", "Records of the topic that were not yet read.",
             {{"topic", topic_.name}, {"partition", std::to_string(partition)}}, static_cast<double>(behind));
    lag += behind;
  }
  Report(SourceState::kOk, fmt::format("topic {}, {} partitions, {} records behind", topic_.name, partitions_.size(), lag));
  return {};
}

bool TopicConsumer::Reader::AtEnd() const {
  return std::ranges::all_of(ends_, [&](const auto& end) {
    auto at = partitions_.find(end.first);
    return at != partitions_.end() && at->second.next() >= end.second;
  });
}

// A last empty batch, so that bronze commits what it holds at once.
void TopicConsumer::Reader::TellEnd() {
  auto last = std::make_shared<RawBatch>();
  last->source = kDefaultSource;
  last->topic = topic_.name;
  last->position_id = partitions_.begin()->second.position_id();
  last->next_position = partitions_.begin()->second.next();
  last->end_of_input = true;
  HandOver(last);
}

void TopicConsumer::Reader::Report(SourceState state, std::string message) {
  if (!hooks_.report) return;
  std::optional<Timestamp> success;
  if (state == SourceState::kOk) success = clock_.Now();
  hooks_.report({"kafka", state, std::move(message), success, {}});
}

}  // namespace cryptostream
