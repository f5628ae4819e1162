// Out of quarantine onto the topic, once. The topic is the only place that knows what it holds, so each message carries the id of its
// quarantine row in a header, and who sends looks first which ids are there. Transactions make that look exact: a sender that starts fences
// the one before it, whose open batch is then either there as a whole or not at all. What the topic's retention has dropped it cannot say;
// then the lake's tables tell what came through (run/resend.cc). Rejected: a list beside the lake (after a crash
// it says either too much or too little), and an idempotent producer alone (a record may still arrive after the look).
#include "kafka/resend.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/text.h"
#include "kafka/admin.h"
#include "kafka/record.h"
#include "kafka/record_headers.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeCommit("topic.before_resend_commit");
const CrashPoint kAfterCommit("topic.after_resend_commit");

constexpr std::chrono::seconds kAdminTimeout{5};
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kRetryInterval{300};
constexpr std::chrono::seconds kPatience{30};
constexpr int kPollMs = 100;

int Ms(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

Status Translate(rd_kafka_error_t* error, const std::string& what) {
  if (!error) return {};
  Error translated = KafkaError(what, rd_kafka_error_code(error), rd_kafka_error_string(error));
  rd_kafka_error_destroy(error);
  return std::unexpected(std::move(translated));
}

// The topic with every partition that anybody knows: a broker that lags may not have heard of the newest ones, to which something was sent.
Result<TopicState> DescribeWhole(const KafkaClient& client, const std::string& name, StopToken stop) {
  auto first = DescribeTopic(client, name, kAdminTimeout);
  if (!first && first.error().kind == ErrorKind::kNotFound) {
    return NotFound("there is no topic " + name +
                    " (--topic, kafka.topic) at the broker (nothing can be sent to it: make it, or `cryptostream produce` does)");
  }
  CS_ASSIGN(TopicState topic, std::move(first));
  for (int look = 1; look < kAttempts; ++look) {
    if (!SleepFor(stop, kRetryInterval)) return Cancelled("stopped while the topic was looked at");
    CS_ASSIGN(TopicState again, DescribeTopic(client, name, kAdminTimeout));
    if (again.partitions.size() >= topic.partitions.size()) topic = std::move(again);
  }
  return topic;
}

// Assigns every partition at the first record of that time. Out: the partitions that hold any, with their end.
Result<std::map<std::int32_t, std::int64_t>> AssignFrom(const KafkaClient& client, const TopicState& topic,
                                                        std::map<std::int32_t, OffsetRange> ranges, Timestamp since) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(ranges.size())));
  std::int64_t since_ms = std::chrono::floor<std::chrono::milliseconds>(since.time_since_epoch()).count();
  for (const auto& [partition, range] : ranges) {
    rd_kafka_topic_partition_list_add(list.get(), topic.name.c_str(), partition)->offset = since_ms;
  }
  if (auto code = rd_kafka_offsets_for_times(client.handle(), list.get(), Ms(kPatience))) {
    return std::unexpected(KafkaError("cannot look into " + topic.name, code));
  }
  std::map<std::int32_t, std::int64_t> ends;
  for (int i = list->cnt - 1; i >= 0; --i) {
    std::int32_t partition = list->elems[i].partition;
    if (list->elems[i].offset >= 0 && list->elems[i].offset < ranges[partition].end) {
      ends[partition] = ranges[partition].end;
    } else {
      rd_kafka_topic_partition_list_del_by_idx(list.get(), i);
    }
  }
  if (auto code = rd_kafka_assign(client.handle(), list.get())) {
    return std::unexpected(KafkaError("cannot assign " + topic.name, code));
  }
  return ends;
}

void Count(const rd_kafka_message_t& message, const std::string& prefix, std::map<std::int64_t, std::int64_t>& found) {
  std::string_view text = HeaderOf(message, kReplayedHeader);
  if (!text.starts_with(prefix)) return;
  text.remove_prefix(prefix.size());
  if (auto id = IntegerOf<std::int64_t>(text)) ++found[*id];
}

}  // namespace

Result<ReplayedInTopic> FindReplayed(const KafkaOptions& options, const std::string& quarantine_id, Timestamp since,
                                     StopToken stop) {
  CS_ASSIGN(auto client, KafkaClient::Create(RD_KAFKA_CONSUMER, options,
                                             {{"group.id", options.group},
                                              {"enable.auto.commit", "false"},
                                              {"enable.auto.offset.store", "false"},
                                              {"auto.offset.reset", "error"},
                                              {"isolation.level", "read_committed"},
                                              {"enable.partition.eof", "true"}}));
  CS_ASSIGN(TopicState topic, DescribeWhole(*client, options.topic, stop));
  CS_ASSIGN(auto ranges, ListOffsets(*client, topic, kAdminTimeout));
  ReplayedInTopic found;
  found.whole = std::ranges::all_of(ranges, [](const auto& range) { return range.second.first == 0; });
  CS_ASSIGN(auto open, AssignFrom(*client, topic, ranges, since));
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!open.empty()) {
    if (stop.stop_requested()) return Cancelled("stopped while the topic was looked at");
    if (std::chrono::steady_clock::now() > deadline) {
      return Unavailable("cannot look into " + options.topic + ": reason=no answer in time " + client->trouble());
    }
    KafkaMessage message(rd_kafka_consumer_poll(client->handle(), kPollMs));
    if (!message || (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)) continue;
    deadline = std::chrono::steady_clock::now() + kPatience;
    if (!message->err) Count(*message, quarantine_id + "/", found.times);
    auto at = open.find(message->partition);
    if (at != open.end() && (message->err || message->offset + 1 >= at->second)) open.erase(at);
  }
  return found;
}

Result<std::unique_ptr<TopicResender>> TopicResender::Start(const KafkaOptions& options, const std::string& quarantine_id) {
  std::unique_ptr<TopicResender> resender(new TopicResender(options, quarantine_id));
  CS_ASSIGN(resender->client_, KafkaClient::Create(RD_KAFKA_PRODUCER, WithCompression(options),
                                                   {{"transactional.id", "cryptostream-quarantine-" + quarantine_id},
                                                    {"acks", "all"},
                                                    {"partitioner", "murmur2_random"}},
                                                   [self = resender.get()](const rd_kafka_message_t& message) {
                                                     if (message.err) self->failed_ = rd_kafka_err2str(message.err);
                                                   }));
  CS_TRY(Translate(rd_kafka_init_transactions(resender->client_->handle(), Ms(kPatience)),
                   "cannot send to topic " + options.topic + " (--topic, kafka.topic) at " + options.broker +
                       " (--broker, kafka.broker) in transactions"));
  resender->topic_.reset(rd_kafka_topic_new(resender->client_->handle(), options.topic.c_str(), nullptr));
  if (!resender->topic_) return std::unexpected(KafkaError("cannot write to " + options.topic, rd_kafka_last_error()));
  return resender;
}

Status TopicResender::Send(const RawBatch& batch, StopToken stop) {
  std::string what = "cannot send to " + options_.topic;
  failed_.clear();
  CS_TRY(Translate(rd_kafka_begin_transaction(client_->handle()), what));
  Status sent = Produce(batch, stop);
  if (sent) {
    kBeforeCommit.Reach();
    sent = Translate(rd_kafka_commit_transaction(client_->handle(), Ms(kPatience)), what);
  }
  if (sent) {
    kAfterCommit.Reach();
    return {};
  }
  if (!failed_.empty()) sent = Unavailable(what + ": reason=" + failed_);
  // What cannot be aborted now the next sender aborts.
  if (auto* error = rd_kafka_abort_transaction(client_->handle(), Ms(kPatience))) rd_kafka_error_destroy(error);
  return sent;
}

Status TopicResender::Produce(const RawBatch& batch, StopToken stop) {
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    RawBatch::Row row = batch.row(i);
    std::string id = fmt::format("{}/{}", quarantine_id_, row.offset);
    TopicRecord record;
    record.key = row.key;
    record.value = row.value;
    record.headers = {{kSourceHeader, batch.source},
                      {kContentTypeHeader, kContentType},
                      {kSchemaHeader, kSchemaVersion},
                      {kReplayedHeader, id}};
    while (auto code = GiveRecord(client_->handle(), topic_.get(), record, nullptr, true)) {
      if (stop.stop_requested()) return Cancelled("stopped before everything was sent");
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || !failed_.empty()) {
        return std::unexpected(KafkaError("cannot send to " + options_.topic, code));
      }
      rd_kafka_poll(client_->handle(), kPollMs);
    }
  }
  return {};
}

}  // namespace cryptostream
