// One record in librdkafka's own terms, for everything here that writes.
#include "kafka/record.h"

#include <array>

namespace cryptostream {

rd_kafka_resp_err_t GiveRecord(rd_kafka_t* producer, rd_kafka_topic_t* topic, const TopicRecord& record, void* opaque,
                               bool copy) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, text] : record.headers) {
    rd_kafka_header_add(headers, name, -1, text.data(), static_cast<ssize_t>(text.size()));
  }
  std::string_view key = record.key.value_or(""), value = record.value.value_or("");
  std::array<rd_kafka_vu_t, 7> parts{};
  std::size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic;
  parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[count++].u.ptr = opaque;
  parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[count++].u.headers = headers;
  parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[count++].u.i = copy ? RD_KAFKA_MSG_F_COPY : 0;
  if (record.value) {
    parts[count].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[count++].u.mem = {const_cast<char*>(value.data()), value.size()};
  }
  if (record.key) {
    parts[count].vtype = RD_KAFKA_VTYPE_KEY;
    parts[count++].u.mem = {const_cast<char*>(key.data()), key.size()};
  }
  if (record.time) {
    parts[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[count++].u.i64 = std::chrono::floor<std::chrono::milliseconds>(record.time->time_since_epoch()).count();
  }
  rd_kafka_error_t* error = rd_kafka_produceva(producer, parts.data(), count);
  if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  rd_kafka_headers_destroy(headers);
  return code;
}

std::string_view HeaderOf(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) || rd_kafka_header_get_last(headers, name, &value, &size)) return {};
  return {static_cast<const char*>(value), size};
}

RdRecord::RdRecord(const rd_kafka_message_t& message) : message_(message) {
  if (message.key) key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload) value.emplace(static_cast<const char*>(message.payload), message.len);
  offset = message.offset;
  rd_kafka_timestamp_type_t type;
  std::int64_t ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) time = FromMicros(ms * 1000);
}

}  // namespace cryptostream
