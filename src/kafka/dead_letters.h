#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "kafka/client.h"
#include "kafka/options.h"
#include "market/raw_batch.h"

namespace cryptostream {

// The topic of dead letters: rejected records with their own bytes and key, and in headers why and where from. Makes the topic where there
// is none. Thread-safe; one call at a time sends.
class DeadLetterTopic {
 public:
  // In: options with a dlq_topic. Needs no network.
  explicit DeadLetterTopic(KafkaOptions options);
  ~DeadLetterTopic();

  // Sends them and returns when the broker has acknowledged every one; after an error some may be there all the same.
  // Errors: Unavailable, Invalid (not allowed to write), Cancelled (`stop`, and the broker does not answer).
  Status Send(const std::vector<DeadLetter>& letters, StopToken stop);

 private:
  struct Letter;
  struct Sending;
  static void OnDelivery(const rd_kafka_message_t& message);
  Status Open();
  Status SendAll(Sending& sending, StopToken stop);
  Status Give(Letter& letter);

  const KafkaOptions options_;
  std::mutex mutex_;
  std::unique_ptr<KafkaClient> client_;  // guarded by mutex_, as topic_
  KafkaTopic topic_;
};

}  // namespace cryptostream
