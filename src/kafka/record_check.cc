// Is the log still the one that bronze has read? In: bronze's newest record of each partition. Out: where the topic holds another one at
// that offset. It catches what no id tells: a cluster restored from an old disk, a log cut by an unclean election, a topic
// made anew where the broker gives no topic ids.
#include "kafka/record_check.h"

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kPatience{10};  // then the caller asks anew
constexpr int kPollMs = 200;

std::string_view Bytes(const void* data, std::size_t size) { return {static_cast<const char*>(data), size}; }

bool IsSame(const rd_kafka_message_t& message, const StoredRecord& stored) {
  bool same_key =
      (message.key != nullptr) == stored.key.has_value() && (!stored.key || *stored.key == Bytes(message.key, message.key_len));
  return same_key && Bytes(message.payload, message.len) == stored.value;
}

}  // namespace

Result<std::map<std::int32_t, std::string>> FindDifferingRecords(const KafkaClient& client, const std::string& topic,
                                                                 const std::map<std::int32_t, StoredRecord>& stored,
                                                                 StopToken stop) {
  std::map<std::int32_t, std::string> differing;
  if (stored.empty()) return differing;
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(stored.size())));
  for (const auto& [partition, record] : stored) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = record.offset;
  }
  if (auto code = rd_kafka_assign(client.handle(), list.get()))
    return std::unexpected(KafkaError("cannot assign " + topic, code));
  std::map<std::int32_t, StoredRecord> open = stored;
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!open.empty() && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
    KafkaMessage message(rd_kafka_consumer_poll(client.handle(), kPollMs));
    if (!message) continue;
    auto at = open.find(message->partition);
    if (at == open.end()) continue;
    // An error of the partition (its end, a deleted offset) says that nothing lies there: nothing to compare.
    if (!message->err && message->offset == at->second.offset && !IsSame(*message, at->second)) {
      differing[at->first] = "another record at offset " + std::to_string(message->offset) + ": topic has \"" +
                             Printable(Bytes(message->payload, message->len), 60) + "\", bronze \"" +
                             Printable(at->second.value, 60) + "\"";
    }
    open.erase(at);
  }
  rd_kafka_assign(client.handle(), nullptr);
  if (stop.stop_requested()) return Cancelled("stopped while the topic was looked at");
  if (!open.empty()) return Unavailable("cannot read the last records again: topic=" + topic + " " + client.trouble());
  return differing;
}

}  // namespace cryptostream
