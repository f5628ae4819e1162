#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"
#include "kafka/client.h"
#include "kafka/mark_sender.h"
#include "kafka/options.h"
#include "kafka/record.h"
#include "kafka/spool.h"
#include "market/parse.h"
#include "market/raw_batch.h"

namespace cryptostream {

struct ProducerOptions {
  KafkaOptions kafka;
  std::string spool_file;
  std::uint64_t spool_bytes = 1 << 30;
};

// Puts a source's batches on a topic. Push makes a batch durable in the spool; a thread sends what is in the spool, in order, and
// lets go of a batch when the broker has acknowledged each of its records. While the broker is away the spool fills; full, Push waits, and
// the time without input becomes a gap that is sent on. A producer that failed for good is replaced by a new one that begins
// again with the oldest batch left. What is no message (rejects, gaps, rows that cannot be read) goes to the topic of marks, beside the
// messages, which never wait for it. Push from one thread.
class TopicProducer {
 public:
  // Opens the spool and starts sending. Errors: of Spool::Open; Invalid (a setting). Requires: `clock` outlives it.
  static Result<std::unique_ptr<TopicProducer>> Start(const ProducerOptions& options, const Clock& clock);
  // What is not acknowledged by now stays in the spool for the next start.
  ~TopicProducer();

  // How far a source has come (Source::position_id).
  std::int64_t Position(const std::string& position_id) const { return spool_->Position(position_id); }
  std::map<std::string, std::int64_t> PositionsOf(std::string_view prefix) const { return spool_->PositionsOf(prefix); }
  std::optional<Timestamp> Newest(std::string_view source) const { return spool_->Newest(source); }
  // Takes a batch, waiting for room. False when `stop` was requested or the producer failed.
  bool Push(RawBatch batch, StopToken stop);
  // Waits until every message taken was acknowledged; for marks only while they go out. Errors: Cancelled; what ended the sender.
  Status Drain(StopToken stop);
  // What ended the sender: a damaged spool, a topic that may not be written.
  std::optional<Error> failure() const;
  // In words, for people: what waits in the spool, and trouble with the broker.
  std::string Words() const;

 private:
  static constexpr std::chrono::seconds kDiskPause{2};  // before a full disk is tried again

  // A batch of which records are on their way.
  struct Sent {
    std::int64_t number = 0;
    RawBatch batch;
    Name source;                  // the batch's
    std::vector<RawBatch> marks;  // what of it is no message, or none that the broker takes
    std::size_t open = 0;         // records without a delivery report
    bool complete = false;        // all of its records were given to librdkafka
  };

  TopicProducer(ProducerOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  void Run(StopToken stop);
  Status Session(StopToken stop);
  Status Connect(const KafkaOptions& kafka, StopToken stop);
  Status FitBatches(StopToken stop);
  Status Send(Sent& sent, StopToken stop);
  Status AwaitTopic(StopToken stop);
  Status CheckAlive();
  Status SendRow(Sent& sent, std::size_t row, StopToken stop);
  Status Give(Sent& sent, const TopicRecord& record, StopToken stop);
  void Refuse(Sent& sent, std::string_view value, rd_kafka_resp_err_t code);
  void OnDelivery(const rd_kafka_message_t& message);
  Status RemoveAcknowledged();
  void Finish();
  bool AwaitRoom(const RawBatch& batch, StopToken stop);
  bool EndPause(RawBatch& batch);
  void TellFill();
  void SetTrouble(std::string words);

  const ProducerOptions options_;
  const Clock& clock_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<MarkSender> mark_sender_;
  MessageParser parser_;                 // the sender's
  std::unique_ptr<KafkaClient> client_;  // the sender's
  KafkaTopic topic_;                     // the sender's, as all down to removed_at_
  std::deque<std::unique_ptr<Sent>> sent_;
  std::optional<std::string> session_failed_;  // set by delivery reports
  std::int64_t acknowledged_ = 0;
  bool delivered_ = false;  // something was, since the last look
  std::chrono::steady_clock::time_point removed_at_{};
  std::optional<Timestamp> paused_since_;  // Push's, as warned_
  bool warned_ = false;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;  // guarded by mutex_
  std::string trouble_;           // guarded by mutex_
  std::jthread thread_;           // last: ends before what it uses
};

}  // namespace cryptostream
