#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "kafka/options.h"

namespace cryptostream {

// librdkafka's objects, freed by their own functions.
template <auto Free>
struct KafkaFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KafkaPartitions = std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaFree<rd_kafka_topic_partition_list_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaFree<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, KafkaFree<rd_kafka_event_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaFree<rd_kafka_topic_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaFree<rd_kafka_message_destroy>>;

// An error of librdkafka in our terms: "what: reason=...". NotFound for a topic that is not there, Invalid for what a person must
// change (authorisation), else Unavailable.
Error KafkaError(const std::string& what, rd_kafka_resp_err_t code, const std::string& detail = {});

// Checks what is passed through, the part of KafkaProblems that a client rests on. Errors: Invalid, naming the key.
Status CheckPassedThrough(const KafkaOptions& options);

// One librdkafka client. What it logs goes to our log at debug level; trouble with brokers is kept in words and said once.
// Life: the destructor waits for librdkafka's threads. Thread-safe, as librdkafka is.
class KafkaClient {
 public:
  // Called for each message that was delivered or failed for good, from within Poll().
  using DeliveryReport = std::function<void(const rd_kafka_message_t&)>;

  // In: settings of ours, which nothing passed through can override. Errors: Invalid (a setting), Internal.
  static Result<std::unique_ptr<KafkaClient>> Create(rd_kafka_type_t type, const KafkaOptions& options,
                                                     const std::map<std::string, std::string>& ours,
                                                     DeliveryReport on_delivery = {});
  ~KafkaClient();

  rd_kafka_t* handle() const { return handle_; }
  // Takes what librdkafka has to tell, while nothing is read or sent otherwise. A record that comes is dropped.
  void ServeEvents();
  // The last trouble with a broker, in words; empty when none was told since Clear.
  std::string trouble() const;
  void ClearTrouble();

 private:
  KafkaClient() = default;
  static void OnLog(const rd_kafka_t*, int level, const char* facility, const char* text);
  static void OnError(rd_kafka_t*, int code, const char* reason, void* opaque);
  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);

  rd_kafka_t* handle_ = nullptr;
  DeliveryReport on_delivery_;
  mutable std::mutex mutex_;
  std::string trouble_;  // guarded by mutex_
};

}  // namespace cryptostream
