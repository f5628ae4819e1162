#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"
#include "kafka/client.h"
#include "kafka/options.h"
#include "kafka/spool.h"

namespace cryptostream {

// Sends the spool's marks to the topic of marks, with a client of its own, so that nothing that befalls that topic touches the messages.
// Makes the topic where there is none; where it may not, the marks stay in the spool, and that is said once. A mark leaves the spool after
// its acknowledgement; killed in between, it is sent again under the same number, by which readers know it. Life: the constructor starts
// a thread, the destructor ends it.
class MarkSender {
 public:
  // Requires: `spool` and `clock` outlive it.
  MarkSender(KafkaOptions options, Spool& spool, const Clock& clock);
  ~MarkSender();

  // Empty while marks go out (or there are none), else why they wait, in words.
  std::string trouble() const;

 private:
  struct Sending;
  struct OneMark;
  static void OnDelivery(const rd_kafka_message_t& message);
  void Run(StopToken stop);
  Status SendSome(StopToken stop);
  Status Open();
  Status Give(OneMark& mark);
  void SetTrouble(const std::string& words);

  const KafkaOptions options_;
  const std::string topic_name_;
  Spool& spool_;
  const Clock& clock_;
  std::unique_ptr<KafkaClient> client_;  // the thread's, as all down to dropped_said_
  KafkaTopic topic_;
  std::int64_t dropped_said_ = 0;
  mutable std::mutex mutex_;
  std::string trouble_;  // guarded by mutex_
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace cryptostream
