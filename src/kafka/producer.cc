// The taking side: what a source pushes is durable in the spool before it is taken for taken. In: batches. Out: the spool, which
// producer_send.cc empties. A live source that finds no room waits, and what it missed meanwhile is told as a gap; an input that can be asked
// again (a recording) only ever fills a small part of the spool.
#include "kafka/producer.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kPollInterval{20};
constexpr std::uint64_t kReplaySpoolBytes = 64 << 20;
constexpr double kWarnAt = 0.8;

// A source that cannot be asked again for what it has said.
bool IsLive(const RawBatch& batch) { return batch.position_id.starts_with("bronze/direct/"); }

// Tuning that may be set otherwise.
KafkaOptions WithDefaults(const KafkaOptions& given) {
  KafkaOptions options = WithCompression(given);
  for (const auto& [name, value] : {std::pair("linger.ms", "5"),
                                    {"message.max.bytes", "2000000"},
                                    {"queue.buffering.max.messages", "500000"},
                                    {"batch.num.messages", "100000"}}) {
    options.librdkafka.try_emplace(name, Secret(value));
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<TopicProducer>> TopicProducer::Start(const ProducerOptions& options, const Clock& clock) {
  ProducerOptions filled = options;
  filled.kafka = WithDefaults(filled.kafka);
  CS_TRY(CheckPassedThrough(filled.kafka));
  std::unique_ptr<TopicProducer> producer(new TopicProducer(std::move(filled), clock));
  CS_ASSIGN(producer->spool_, Spool::Open(options.spool_file, options.spool_bytes));
  if (!producer->spool_->empty()) LogInfo("kafka: {}", producer->Words());
  producer->mark_sender_ = std::make_unique<MarkSender>(producer->options_.kafka, *producer->spool_, clock);
  producer->thread_ = std::jthread([self = producer.get()](StopToken stop) { self->Run(stop); });
  return producer;
}

TopicProducer::~TopicProducer() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> TopicProducer::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

std::string TopicProducer::Words() const {
  std::lock_guard lock(mutex_);
  std::string words = fmt::format("topic {} at {}", options_.kafka.topic, options_.kafka.broker);
  if (!spool_->empty()) words += fmt::format(", {} KiB wait in the spool", spool_->bytes() / 1024 + 1);
  if (!trouble_.empty()) words += ", " + trouble_;
  if (std::string why = mark_sender_ ? mark_sender_->trouble() : ""; !why.empty()) {
    words +=
        fmt::format(", {} rejected bodies and gaps wait for topic {}: {}", spool_->marks(), MarksTopicOf(options_.kafka), why);
  }
  return words;
}

bool TopicProducer::Push(RawBatch batch, StopToken stop) {
  if (batch.empty() && batch.next_position <= Position(batch.position_id)) return true;
  while (AwaitRoom(batch, stop)) {
    bool told = EndPause(batch);
    Status taken = spool_->Append(batch);
    TellFill();
    if (taken) return true;
    if (taken.error().kind != ErrorKind::kUnavailable) {
      std::lock_guard lock(mutex_);
      failure_ = taken.error();
      return false;
    }
    LogWarn("kafka: the source waits: {}", taken.error().message);
    if (told) {  // not yet, after all
      paused_since_ = batch.gaps.back().from_time;
      batch.gaps.pop_back();
    }
    if (!paused_since_) paused_since_ = clock_.Now();
    if (!SleepFor(stop, kDiskPause)) return false;
  }
  return false;
}

// Waits for room; what comes while the program stops is taken where there is some. An input that can be asked again does not need the spool's whole size: it only has to keep the sender busy.
bool TopicProducer::AwaitRoom(const RawBatch& batch, StopToken stop) {
  bool live = IsLive(batch);
  std::uint64_t limit = live ? spool_->max_bytes() : kReplaySpoolBytes;
  while (!failure()) {
    if (spool_->HasRoom(batch.bytes(), limit)) return true;
    if (stop.stop_requested()) return false;
    if (live && !paused_since_) {
      LogWarn("kafka: the spool is full, the source is paused (more room: kafka.spool_mb): {}", Words());
      paused_since_ = clock_.Now();
    }
    SleepFor(stop, kPollInterval);
  }
  return false;
}

// A live source said nothing while it was paused: that is a gap, and it goes with the first batch that comes after it.
// Out: whether there was one.
bool TopicProducer::EndPause(RawBatch& batch) {
  if (!paused_since_ || !IsLive(batch)) return false;
  Gap gap;
  gap.source = batch.source;
  gap.from_time = *paused_since_;
  gap.to_time = gap.detected_at = clock_.Now();
  gap.reason = "the producer's spool was full: the source was paused";
  batch.gaps.push_back(std::move(gap));
  paused_since_.reset();
  return true;
}

void TopicProducer::TellFill() {
  double fill = static_cast<double>(spool_->bytes()) / static_cast<double>(spool_->max_bytes());
  SetGauge("cryptostream_spool_used_ratio", "How full the producer's spool is.", {}, fill);
  if (fill >= kWarnAt && !warned_) {
    warned_ = true;
    LogWarn("kafka: the spool is filled to {:.0f} %, at 100 % the source is paused: {}", fill * 100, Words());
  }
  if (fill < kWarnAt / 2) warned_ = false;
}

void TopicProducer::SetTrouble(std::string words) {
  std::lock_guard lock(mutex_);
  trouble_ = std::move(words);
}

Status TopicProducer::Drain(StopToken stop) {
  while (!spool_->empty()) {
    if (auto error = failure()) return std::unexpected(*error);
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped before everything was acknowledged");
  }
  while (spool_->marks() > 0) {
    if (std::string why = mark_sender_->trouble(); !why.empty()) {
      LogWarn(
          "kafka: every message is in the topic; {} rejected bodies and gaps stay in the spool for the next start: topic={} "
          "reason={}",
          spool_->marks(), MarksTopicOf(options_.kafka), why);
      return {};
    }
    if (!SleepFor(stop, kPollInterval)) return Cancelled("stopped before rejected bodies and gaps were acknowledged");
  }
  return {};
}

}  // namespace cryptostream
