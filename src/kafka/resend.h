#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"
#include "kafka/client.h"
#include "kafka/options.h"
#include "market/raw_batch.h"

namespace cryptostream {

// Messages of a lake's quarantine that the topic holds.
struct ReplayedInTopic {
  std::map<std::int64_t, std::int64_t> times;  // how often, by the row's id
  bool whole = true;  // the topic has lost nothing since its making, so that what is not there was never sent
};

// Reads which messages of a lake's quarantine the topic holds already. Only committed records from `since` on are looked at; none was sent
// earlier. Errors: NotFound (no such topic), Unavailable, Cancelled.
Result<ReplayedInTopic> FindReplayed(const KafkaOptions& options, const std::string& quarantine_id, Timestamp since,
                                     StopToken stop);

// Sends messages out of quarantine to the topic, a batch a transaction: all of it is there or nothing. There is one sender a lake:
// a new one ends what an older one has open, and keeps it from sending any more.
class TopicResender {
 public:
  // Errors: Unavailable (no broker, or one without transactions), Invalid (not allowed).
  static Result<std::unique_ptr<TopicResender>> Start(const KafkaOptions& options, const std::string& quarantine_id);

  // Sends the batch's rows; each has the id of its quarantine row as its offset. Errors: Unavailable, Cancelled: nothing of it was sent.
  Status Send(const RawBatch& batch, StopToken stop);

 private:
  TopicResender(KafkaOptions options, std::string quarantine_id)
      : options_(std::move(options)), quarantine_id_(std::move(quarantine_id)) {}
  Status Produce(const RawBatch& batch, StopToken stop);

  const KafkaOptions options_;
  const std::string quarantine_id_;
  std::unique_ptr<KafkaClient> client_;
  KafkaTopic topic_;
  std::string failed_;  // a record that was not taken
};

}  // namespace cryptostream
