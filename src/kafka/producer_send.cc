// The sender: spool in, acknowledged records out. Idempotent, acks=all, no time limit on a message (the spool is the limit), batches
// in order, so that the order of a coin's records in its partition is the source's.
//
// What an acknowledgement means: a batch leaves the spool after the delivery report of its last record. After a crash, or when a producer is
// replaced, the batches that were on their way are sent again; records that had arrived then stand twice in the topic, and silver knows
// equal rows by their content. Kafka transactions were rejected: they would make those duplicates invisible, but an indefinite
// answer to a commit leaves the same question open, and readers of the original's kind do not ask for committed records only.
#include "kafka/producer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/admin.h"
#include "kafka/record.h"
#include "kafka/record_headers.h"
#include "kafka/waiting.h"

namespace cryptostream {
namespace {

const CrashPoint kAfterAcknowledged("topic.after_acknowledged");

constexpr std::size_t kMostInFlight = 12;  // batches given to librdkafka and not yet acknowledged
constexpr int kPollMs = 20;
constexpr std::chrono::milliseconds kRemoveEvery{100};
constexpr std::chrono::seconds kRestartPause{2};
constexpr std::chrono::milliseconds kTopicPause{500};
constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kLastWords{3};
constexpr std::size_t kMostRefusedBytes = 64 << 10;
constexpr std::size_t kUsualBatchBytes = 1'000'000;  // librdkafka's batch.size

RawBatch MarkOf(Reject reject) {
  RawBatch mark;
  mark.source = reject.source;
  mark.rejects.push_back(std::move(reject));
  return mark;
}

RawBatch MarkOf(Gap gap) {
  RawBatch mark;
  mark.source = gap.source;
  mark.gaps.push_back(std::move(gap));
  return mark;
}

std::map<std::string, std::string> Settings() {
  return {{"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}, {"partitioner", "murmur2_random"}};
}

}  // namespace

void TopicProducer::Run(StopToken stop) {
  while (!stop.stop_requested()) {
    Status ended = Session(stop);
    topic_ = nullptr;
    client_ = nullptr;  // nothing of the old producer can arrive any more
    sent_.clear();
    if (ended || stop.stop_requested()) return;
    if (ended.error().kind != ErrorKind::kUnavailable) {
      std::lock_guard lock(mutex_);
      LogError("kafka: the producer stops: {}", ended.error().message);
      failure_ = ended.error();
      return;
    }
    SetTrouble(ended.error().message);
    LogWarn("kafka: a new producer begins with the oldest batch left: {}", ended.error().message);
    CountMetric("cryptostream_producer_restarts_total", "Producers that failed for good and were replaced.", {});
    SleepFor(stop, kRestartPause);
  }
}

// The life of one producer. Errors: Unavailable (make a new one), others end the sender.
Status TopicProducer::Session(StopToken stop) {
  session_failed_.reset();
  CS_TRY(Connect(options_.kafka, stop));
  CS_TRY(FitBatches(stop));
  std::int64_t last = 0;
  while (!stop.stop_requested()) {
    bool sent = false;
    if (sent_.size() < kMostInFlight) {
      CS_ASSIGN(auto entry, spool_->ReadAfter(last));
      if (entry) {
        last = entry->number;
        sent_.push_back(std::make_unique<Sent>());
        sent_.back()->number = entry->number;
        sent_.back()->batch = std::move(entry->batch);
        sent_.back()->source = Name(sent_.back()->batch.source);
        CS_TRY(Send(*sent_.back(), stop));
        sent = true;
      }
    }
    rd_kafka_poll(client_->handle(), sent ? 0 : kPollMs);
    CS_TRY(RemoveAcknowledged());
    CS_TRY(CheckAlive());
    if (std::exchange(delivered_, false)) client_->ClearTrouble();
    if (std::chrono::steady_clock::now() >= removed_at_) SetTrouble(client_->trouble());
  }
  Finish();
  return {};
}

// Makes a producer for the topic. Errors: Unavailable, Invalid (a setting).
Status TopicProducer::Connect(const KafkaOptions& kafka, StopToken stop) {
  topic_ = nullptr;
  CS_ASSIGN(client_, KafkaClient::Create(RD_KAFKA_PRODUCER, kafka, Settings(),
                                         [this](const rd_kafka_message_t& message) { OnDelivery(message); }));
  CS_TRY(AwaitTopic(stop));
  topic_.reset(rd_kafka_topic_new(client_->handle(), kafka.topic.c_str(), nullptr));
  if (!topic_) return std::unexpected(KafkaError("cannot write to " + kafka.topic, rd_kafka_last_error()));
  return {};
}

// Connects anew when the topic takes smaller batches than librdkafka makes. Known beforehand: of batches that are on their way together, the
// broker would refuse one and take those behind it, and the order of a coin would be lost.
Status TopicProducer::FitBatches(StopToken stop) {
  if (stop.stop_requested()) return {};
  auto most = MaxBatchBytes(*client_, options_.kafka.topic, kAdminTimeout);
  if (!most) LogDebug("kafka: {}", most.error().message);
  if (!most || *most >= kUsualBatchBytes) return {};
  KafkaOptions fitting = options_.kafka;
  fitting.librdkafka.try_emplace("batch.size", Secret(std::to_string(*most)));
  return Connect(fitting, stop);
}

// Errors: Unavailable, when this producer will never send again.
Status TopicProducer::CheckAlive() {
  char reason[256];
  if (rd_kafka_fatal_error(client_->handle(), reason, sizeof reason)) session_failed_ = reason;
  if (session_failed_) return Unavailable(*session_failed_);
  return {};
}

// Waits for the broker, and makes the topic where there is none.
Status TopicProducer::AwaitTopic(StopToken stop) {
  const std::string& name = options_.kafka.topic;
  Waiting waiting;
  while (!stop.stop_requested()) {
    auto topic = DescribeTopic(*client_, name, kAdminTimeout);
    if (topic) {
      client_->ClearTrouble();
      return {};
    }
    client_->ServeEvents();
    CS_TRY(CheckAlive());
    std::string words = fmt::format("cannot reach {} (--broker, kafka.broker), trying again: {}", options_.kafka.broker,
                                    client_->trouble().empty() ? topic.error().message : client_->trouble());
    if (topic.error().kind == ErrorKind::kInvalid) words = topic.error().message;
    if (topic.error().kind == ErrorKind::kNotFound) {
      Status made = CreateTopic(*client_, name, options_.kafka.partitions, kAdminTimeout);
      if (made) LogInfo("kafka: made topic {}", name);
      words = made ? ""
                   : fmt::format(
                         "topic {} (--topic, kafka.topic) does not exist at {} (--broker, kafka.broker) and cannot be made, "
                         "trying again: {}",
                         name, options_.kafka.broker, made.error().message);
    }
    if (!words.empty()) waiting.Say("records wait in the spool: " + words);
    SetTrouble(words);
    SleepFor(stop, kTopicPause);
  }
  return {};
}

// A few seconds for what is on its way, or the next start sends it again.
void TopicProducer::Finish() {
  if (sent_.empty() || !client_->trouble().empty()) return;
  rd_kafka_flush(client_->handle(), static_cast<int>(std::chrono::milliseconds(kLastWords).count()));
  removed_at_ = {};
  if (Status gone = RemoveAcknowledged(); !gone) LogWarn("kafka: {}", gone.error().message);
}

Status TopicProducer::Send(Sent& sent, StopToken stop) {
  for (Gap& gap : sent.batch.gaps) sent.marks.push_back(MarkOf(std::move(gap)));
  for (std::size_t row = 0; row < sent.batch.rows(); ++row) CS_TRY(SendRow(sent, row, stop));
  for (Reject& reject : sent.batch.rejects) sent.marks.push_back(MarkOf(std::move(reject)));
  sent.complete = true;
  return {};
}

// A message: key is the coin, time is the event's. A row that cannot be read is no message: who reads the topic expects nothing else there.
Status TopicProducer::SendRow(Sent& sent, std::size_t row, StopToken stop) {
  RawBatch::Row from = sent.batch.row(row);
  TopicRecord record;
  record.value = from.value;
  record.key = from.key;
  record.headers.reserve(3);
  auto tick = parser_.Parse(from.value, sent.source, from.received);
  if (!tick && tick.error().reason != RejectReason::kTooManyNames) {
    Reject reject;
    reject.source = sent.batch.source;
    reject.reason = tick.error().Text();
    reject.value = from.value.substr(0, Reject::kMaxRejectBytes);
    reject.received = from.received;
    sent.marks.push_back(MarkOf(std::move(reject)));
    return {};
  }
  if (tick) {
    // A broker refuses a time too far ahead (an hour, by default), and silver refuses the row: it goes on under the time of sending.
    if (tick->event_time <= from.received + kFutureTolerance) record.time = tick->event_time;
    if (!record.key) record.key = tick->coin.str();  // interned: lives as long as the process
    record.headers.emplace_back(kSourceHeader, tick->source.str());
  } else {
    record.headers.emplace_back(kSourceHeader, sent.batch.source);
  }
  record.headers.emplace_back(kContentTypeHeader, kContentType);
  record.headers.emplace_back(kSchemaHeader, kSchemaVersion);
  return Give(sent, record, stop);
}

// Gives one record to librdkafka, waiting while its queue is full. The value stays in the batch until the delivery report.
Status TopicProducer::Give(Sent& sent, const TopicRecord& record, StopToken stop) {
  while (auto code = GiveRecord(client_->handle(), topic_.get(), record, &sent, false)) {
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && !stop.stop_requested() && !session_failed_) {
      rd_kafka_poll(client_->handle(), kPollMs);
      continue;
    }
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      Refuse(sent, record.value.value_or(""), code);
      return {};
    }
    return Unavailable("cannot send to " + options_.kafka.topic + ": reason=" + rd_kafka_err2str(code));
  }
  ++sent.open;
  return {};
}

// A record that the broker will never take is told as a mark, cut, and does not stop the rest.
void TopicProducer::Refuse(Sent& sent, std::string_view value, rd_kafka_resp_err_t code) {
  Reject reject;
  reject.source = sent.batch.source;
  reject.reason = fmt::format("too_large: {} bytes, the broker says: {}", value.size(), rd_kafka_err2str(code));
  reject.value = value.substr(0, kMostRefusedBytes);
  reject.received = clock_.Now();
  sent.marks.push_back(MarkOf(std::move(reject)));
}

void TopicProducer::OnDelivery(const rd_kafka_message_t& message) {
  auto& sent = *static_cast<Sent*>(message._private);
  if (!message.err) {
    --sent.open;
    ++acknowledged_;
    delivered_ = true;
    return;
  }
  bool too_large = message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || message.err == RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (too_large && message.len > kMostRefusedBytes) {
    --sent.open;
    Refuse(sent, {static_cast<const char*>(message.payload), message.len}, message.err);
    return;
  }
  // The record stays open, so its batch stays in the spool, for the next producer.
  if (!session_failed_) session_failed_ = fmt::format("a record was not taken: {}", rd_kafka_err2str(message.err));
}

// Takes batches whose records all have their acknowledgement out of the spool, in order.
Status TopicProducer::RemoveAcknowledged() {
  std::size_t done = 0;
  while (done < sent_.size() && sent_[done]->complete && sent_[done]->open == 0) ++done;
  auto now = std::chrono::steady_clock::now();
  if (done == 0 || now < removed_at_ || (done < sent_.size() && now - removed_at_ < kRemoveEvery)) return {};
  removed_at_ = now;
  kAfterAcknowledged.Reach();
  std::vector<RawBatch> marks;
  for (std::size_t i = 0; i < done; ++i) marks.insert(marks.end(), sent_[i]->marks.begin(), sent_[i]->marks.end());
  if (Status gone = spool_->Remove(sent_[done - 1]->number, marks, clock_.Now()); !gone) {
    if (gone.error().kind != ErrorKind::kUnavailable) return gone;
    SetTrouble(gone.error().message);  // a full disk: what was acknowledged is not sent again, its removal is
    removed_at_ = now + kDiskPause;
    return {};
  }
  sent_.erase(sent_.begin(), sent_.begin() + static_cast<std::ptrdiff_t>(done));
  CountMetric("cryptostream_events_total", "Rows committed by a stage.", {{"stage", "topic"}},
              static_cast<double>(std::exchange(acknowledged_, 0)));
  return {};
}

}  // namespace cryptostream
