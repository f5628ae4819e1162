// Dead letters out, at least once. In: what bronze or silver rejects out of the topic, after quarantine has it and before the stage commits
// the position behind it. Out: the same records in another topic, acknowledged.
//
// The stage's own position is the only memory: a stage that dies between quarantine and its commit repeats the batch, and with it the letters.
// So nothing can be missed, a letter may come twice, and a broker that is away holds the stage up, as its topic does anyway. Rejected: a
// position of its own (a commit a letter, and something more that keeps logs from being cleaned), and sending in the background (a crash
// loses what waits in memory). A call that fails throws its producer away, so no report of an old call reaches a new one.
#include "kafka/dead_letters.h"

#include <fmt/format.h>

#include <deque>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/admin.h"
#include "kafka/record.h"
#include "kafka/record_headers.h"

namespace cryptostream {
namespace {

const CrashPoint kBeforeLetters("topic.before_dead_letters");
const CrashPoint kAfterLetters("topic.after_dead_letters");

constexpr int kPollMs = 20;
constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kPatience{10};  // for the acknowledgements, each time one came
constexpr std::chrono::seconds kLastWords{3};  // the same when the program stops
constexpr std::size_t kMostCutBytes = 64 << 10;
constexpr const char* kMostBytes = "104857600";  // ours; the broker has a limit of its own

KafkaOptions WithDefaults(const KafkaOptions& given) {
  KafkaOptions options = WithCompression(given);
  options.librdkafka.try_emplace("message.max.bytes", Secret(kMostBytes));
  return options;
}

}  // namespace

// A letter on its way.
struct DeadLetterTopic::Letter {
  Sending* sending;
  const DeadLetter* letter;
  bool cut = false;
};

// One call of Send.
struct DeadLetterTopic::Sending {
  std::deque<Letter> letters;    // addresses are the records' opaques
  std::vector<Letter*> refused;  // too large for the broker, to be sent cut
  std::size_t open = 0;
  std::string failed;
  std::chrono::steady_clock::time_point heard = std::chrono::steady_clock::now();
};

DeadLetterTopic::DeadLetterTopic(KafkaOptions options) : options_(WithDefaults(std::move(options))) {}
DeadLetterTopic::~DeadLetterTopic() = default;

Status DeadLetterTopic::Send(const std::vector<DeadLetter>& letters, StopToken stop) {
  std::lock_guard lock(mutex_);
  kBeforeLetters.Reach();
  Sending sending;
  for (const DeadLetter& letter : letters) sending.letters.push_back({&sending, &letter});
  Status sent = Open();
  if (sent) sent = SendAll(sending, stop);
  if (!sent) {
    topic_ = nullptr;
    client_ = nullptr;
    return sent;
  }
  CountMetric("cryptostream_dead_letters_total", "Rejected messages that the topic of dead letters has acknowledged.", {},
              static_cast<double>(letters.size()));
  kAfterLetters.Reach();
  return {};
}

Status DeadLetterTopic::Open() {
  if (client_) return {};
  CS_ASSIGN(client_,
            KafkaClient::Create(
                RD_KAFKA_PRODUCER, options_,
                {{"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}, {"partitioner", "murmur2_random"}},
                OnDelivery));
  auto there = DescribeTopic(*client_, options_.dlq_topic, kAdminTimeout);
  if (!there && there.error().kind != ErrorKind::kNotFound) return std::unexpected(there.error());
  if (!there) {
    CS_TRY(CreateTopic(*client_, options_.dlq_topic, options_.partitions, kAdminTimeout));
    LogInfo("kafka: made topic {} for dead letters", options_.dlq_topic);
  }
  topic_.reset(rd_kafka_topic_new(client_->handle(), options_.dlq_topic.c_str(), nullptr));
  if (!topic_) return std::unexpected(KafkaError("cannot write to " + options_.dlq_topic, rd_kafka_last_error()));
  return {};
}

Status DeadLetterTopic::SendAll(Sending& sending, StopToken stop) {
  for (Letter& letter : sending.letters) CS_TRY(Give(letter));
  while (sending.open > 0 || !sending.refused.empty()) {
    for (Letter* letter : std::exchange(sending.refused, {})) CS_TRY(Give(*letter));
    rd_kafka_poll(client_->handle(), kPollMs);
    if (!sending.failed.empty()) return Unavailable(sending.failed);
    auto waited = std::chrono::steady_clock::now() - sending.heard;
    if (waited > (stop.stop_requested() ? kLastWords : kPatience)) {
      return Unavailable(fmt::format("dead letters wait for the broker: topic={} reason={}", options_.dlq_topic,
                                     client_->trouble().empty() ? "no acknowledgement" : client_->trouble()));
    }
  }
  return {};
}

Status DeadLetterTopic::Give(Letter& letter) {
  Sending& sending = *letter.sending;
  const DeadLetter& from = *letter.letter;
  std::string partition = std::to_string(from.partition), offset = std::to_string(from.offset);
  std::string whole_bytes = std::to_string(from.value.size());
  TopicRecord record;
  if (from.key) record.key = *from.key;
  if (from.reason != "no_value")
    record.value = std::string_view(from.value).substr(0, letter.cut ? kMostCutBytes : from.value.size());
  record.headers = {{kReasonHeader, from.reason},     {kStageHeader, from.stage},          {kSourceHeader, from.source},
                    {kSourceTopicHeader, from.topic}, {kSourcePartitionHeader, partition}, {kSourceOffsetHeader, offset}};
  if (letter.cut) record.headers.emplace_back(kCutFromHeader, whole_bytes);
  while (auto code = GiveRecord(client_->handle(), topic_.get(), record, &letter, false)) {
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && sending.failed.empty() &&
        std::chrono::steady_clock::now() - sending.heard < kPatience) {
      rd_kafka_poll(client_->handle(), kPollMs);
    } else if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && !letter.cut) {
      letter.cut = true;
      sending.refused.push_back(&letter);
      return {};
    } else {
      return Unavailable("cannot send to " + options_.dlq_topic + ": reason=" + rd_kafka_err2str(code));
    }
  }
  ++sending.open;
  return {};
}

void DeadLetterTopic::OnDelivery(const rd_kafka_message_t& message) {
  auto& letter = *static_cast<Letter*>(message._private);
  Sending& sending = *letter.sending;
  --sending.open;
  sending.heard = std::chrono::steady_clock::now();
  if (!message.err) return;
  bool too_large = message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || message.err == RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (too_large && !letter.cut) {
    letter.cut = true;
    sending.refused.push_back(&letter);
    return;
  }
  sending.failed = std::string("a dead letter was not taken: reason=") + rd_kafka_err2str(message.err);
}

}  // namespace cryptostream
