#pragma once

#include <librdkafka/rdkafka.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "kafka/read_record.h"

namespace cryptostream {

// A record on its way to a topic.
struct TopicRecord {
  std::optional<std::string_view> key, value;
  std::optional<Timestamp> time;  // else the moment of sending
  std::vector<std::pair<const char*, std::string_view>> headers;
};

// Puts a record into librdkafka's queue, with `opaque` for its delivery report. Key and headers are copied; the value only if `copy`, else it
// must live until that report. Out: 0, or why not (RD_KAFKA_RESP_ERR__QUEUE_FULL: poll and try again).
rd_kafka_resp_err_t GiveRecord(rd_kafka_t* producer, rd_kafka_topic_t* topic, const TopicRecord& record, void* opaque, bool copy);

// The last header of that name, or nothing. The text lives as long as the message.
std::string_view HeaderOf(const rd_kafka_message_t& message, const char* name);

// A message of librdkafka, which must live as long.
class RdRecord final : public ReadRecord {
 public:
  explicit RdRecord(const rd_kafka_message_t& message);
  std::string_view Header(const char* name) const override { return HeaderOf(message_, name); }

 private:
  const rd_kafka_message_t& message_;
};

}  // namespace cryptostream
