// Marks out, a few at a time, in order. In: the spool's oldest marks. Out: records of the topic of marks, of which the spool then lets go.
//
// One partition for each spool (the record's key is the spool's), so that a reader sees a spool's numbers grow and knows a mark that comes
// twice. A call that fails throws its producer away, so no report of an old one reaches a new one; what was on its way may arrive all the
// same, which the numbers settle. Rejected: the messages' own producer (a topic that may not be written would fail it, and with it the
// messages), and transactions (a right more to ask for).
#include "kafka/mark_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/crash_point.h"
#include "base/log.h"
#include "base/metrics.h"
#include "kafka/admin.h"
#include "kafka/record.h"
#include "kafka/record_headers.h"

namespace cryptostream {
namespace {

const CrashPoint kAfterMarks("topic.after_marks_acknowledged");

constexpr int kPollMs = 20;
constexpr std::size_t kAtOnce = 1000;
constexpr std::chrono::milliseconds kPollInterval{50};
constexpr std::chrono::seconds kAdminTimeout{5};
constexpr std::chrono::seconds kPatience{10};  // for the acknowledgements, each time one came
constexpr std::chrono::seconds kFirstPause{1}, kLongestPause{30};
constexpr std::chrono::minutes kIdle{1};            // then the client is given back
constexpr std::size_t kMostValueBytes = 512 << 10;  // a topic takes 1 MB by default
constexpr std::size_t kCutTo[] = {64 << 10, 0};     // where it takes less

}  // namespace

// A mark on its way; texts of its headers live here.
struct MarkSender::OneMark {
  Sending* sending = nullptr;
  std::int64_t number = 0;
  RawBatch mark;
  std::size_t most_bytes = kMostValueBytes;
  std::size_t cuts = 0;
  std::string name, received, from, to, whole_bytes;
};

struct MarkSender::Sending {
  std::deque<OneMark> marks;      // addresses are the records' opaques
  std::vector<OneMark*> refused;  // too large for the broker, to be sent cut
  std::size_t open = 0;
  std::string failed;
  std::chrono::steady_clock::time_point heard = std::chrono::steady_clock::now();
};

MarkSender::MarkSender(KafkaOptions options, Spool& spool, const Clock& clock)
    : options_(std::move(options)), topic_name_(MarksTopicOf(options_)), spool_(spool), clock_(clock) {
  thread_ = std::jthread([this](StopToken stop) { Run(stop); });
}

MarkSender::~MarkSender() = default;

std::string MarkSender::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void MarkSender::SetTrouble(const std::string& words) {
  std::lock_guard lock(mutex_);
  if (!words.empty() && trouble_.empty()) {
    LogWarn(
        "kafka: rejected bodies and gaps wait in the spool, messages do not wait for them: topic={} reason={} (make that topic, "
        "allow "
        "CREATE and WRITE on it, or name another one: kafka.marks_topic)",
        topic_name_, words);
  }
  if (words.empty() && !trouble_.empty()) LogInfo("kafka: rejected bodies and gaps go to topic {} again", topic_name_);
  trouble_ = words;
}

void MarkSender::Run(StopToken stop) {
  auto pause = kFirstPause;
  auto used = std::chrono::steady_clock::now();
  while (SleepFor(stop, kPollInterval)) {
    if (std::int64_t dropped = spool_.dropped_marks(); dropped != dropped_said_) {
      if (dropped_said_ == 0) {
        LogWarn(
            "kafka: the room for rejected bodies and gaps in the spool is full, further ones are dropped and counted: topic={} "
            "mib={}",
            topic_name_, spool_.max_mark_bytes() >> 20);
      }
      dropped_said_ = dropped;
    }
    if (spool_.marks() == 0) {
      if (client_ && std::chrono::steady_clock::now() - used > kIdle) topic_ = nullptr, client_ = nullptr;
      continue;
    }
    Status sent = SendSome(stop);
    used = std::chrono::steady_clock::now();
    if (sent) {
      SetTrouble("");
      pause = kFirstPause;
      continue;
    }
    topic_ = nullptr;  // with its client goes every report of this call, whose memory is gone
    client_ = nullptr;
    if (stop.stop_requested()) return;
    SetTrouble(sent.error().message);
    SleepFor(stop, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Status MarkSender::Open() {
  if (client_) return {};
  std::map<std::string, std::string> ours{
      {"enable.idempotence", "true"}, {"acks", "all"}, {"message.timeout.ms", "0"}, {"partitioner", "murmur2_random"}};
  CS_ASSIGN(client_, KafkaClient::Create(RD_KAFKA_PRODUCER, options_, ours, OnDelivery));
  auto there = DescribeTopic(*client_, topic_name_, kAdminTimeout);
  if (!there && there.error().kind != ErrorKind::kNotFound) return std::unexpected(there.error());
  if (!there) {
    CS_TRY(CreateTopic(*client_, topic_name_, 1, kAdminTimeout));
    LogInfo("kafka: made topic {} for rejected bodies and gaps", topic_name_);
  }
  topic_.reset(rd_kafka_topic_new(client_->handle(), topic_name_.c_str(), nullptr));
  if (!topic_) return std::unexpected(KafkaError("cannot write to " + topic_name_, rd_kafka_last_error()));
  return {};
}

Status MarkSender::SendSome(StopToken stop) {
  CS_TRY(Open());
  CS_ASSIGN(auto oldest, spool_.OldestMarks(kAtOnce));
  if (oldest.empty()) return {};
  Sending sending;
  for (Spool::Mark& mark : oldest) {
    OneMark& one = sending.marks.emplace_back();
    one.sending = &sending;
    one.number = mark.number;
    one.mark = std::move(mark.mark);
  }
  for (OneMark& mark : sending.marks) CS_TRY(Give(mark));
  while (sending.open > 0 || !sending.refused.empty()) {
    for (OneMark* mark : std::exchange(sending.refused, {})) CS_TRY(Give(*mark));
    rd_kafka_poll(client_->handle(), kPollMs);
    if (!sending.failed.empty()) return Unavailable(sending.failed);
    if (std::chrono::steady_clock::now() - sending.heard > kPatience || stop.stop_requested()) {
      return Unavailable(client_->trouble().empty() ? "no acknowledgement" : client_->trouble());
    }
  }
  kAfterMarks.Reach();
  CS_TRY(spool_.RemoveMarks(sending.marks.back().number, clock_.Now()));
  CountMetric("cryptostream_events_total", "Rows committed by a stage.", {{"stage", "marks_topic"}},
              static_cast<double>(sending.marks.size()));
  return {};
}

Status MarkSender::Give(OneMark& one) {
  Sending& sending = *one.sending;
  std::string sender = spool_.sender();
  TopicRecord record;
  record.key = sender;
  one.name = sender + "/" + std::to_string(one.number);
  if (!one.mark.rejects.empty()) {
    const Reject& reject = one.mark.rejects.front();
    record.value = std::string_view(reject.value).substr(0, one.most_bytes);
    record.headers = {{kKindHeader, kRejectKind}, {kSourceHeader, reject.source}, {kReasonHeader, reject.reason}};
    record.headers.emplace_back(kReceivedHeader, one.received = std::to_string(ToMicros(reject.received)));
    if (reject.value.size() > one.most_bytes) {
      record.headers.emplace_back(kCutFromHeader, one.whole_bytes = std::to_string(reject.value.size()));
    }
  } else if (!one.mark.gaps.empty()) {
    const Gap& gap = one.mark.gaps.front();
    record.headers = {{kKindHeader, kGapKind}, {kSourceHeader, gap.source}, {kReasonHeader, gap.reason}};
    if (gap.from_time) record.headers.emplace_back(kFromTimeHeader, one.from = std::to_string(ToMicros(*gap.from_time)));
    if (gap.to_time) record.headers.emplace_back(kToTimeHeader, one.to = std::to_string(ToMicros(*gap.to_time)));
    record.headers.emplace_back(kReceivedHeader, one.received = std::to_string(ToMicros(gap.detected_at)));
  }
  record.headers.emplace_back(kMarkHeader, one.name);
  while (auto code = GiveRecord(client_->handle(), topic_.get(), record, &one, true)) {
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && one.cuts < std::size(kCutTo)) {
      one.most_bytes = kCutTo[one.cuts++];
      return Give(one);
    }
    bool full = code == RD_KAFKA_RESP_ERR__QUEUE_FULL && std::chrono::steady_clock::now() - sending.heard < kPatience;
    if (!full) return Unavailable(std::string("a mark was not taken: ") + rd_kafka_err2str(code));
    rd_kafka_poll(client_->handle(), kPollMs);
  }
  ++sending.open;
  return {};
}

void MarkSender::OnDelivery(const rd_kafka_message_t& message) {
  auto& one = *static_cast<OneMark*>(message._private);
  Sending& sending = *one.sending;
  --sending.open;
  sending.heard = std::chrono::steady_clock::now();
  if (!message.err) return;
  bool too_large = message.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || message.err == RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (too_large && one.cuts < std::size(kCutTo)) {
    one.most_bytes = kCutTo[one.cuts++];
    sending.refused.push_back(&one);
    return;
  }
  sending.failed = rd_kafka_err2str(message.err);
}

}  // namespace cryptostream
