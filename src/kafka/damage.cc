// Behind damage. librdkafka tells a record batch that it cannot read, and then goes on somewhere behind it, perhaps at the log's end;
// where the next good batch begins only asking tells, because a broker answers any offset with the whole batch that holds it.
#include "kafka/damage.h"

#include <optional>

namespace cryptostream {
namespace {

constexpr std::chrono::seconds kPatience{10};  // with one question; then the search is given up
constexpr int kPollMs = 200, kQuietMs = 50;

// Whether what lies at an offset, or the first record behind it, can be read.
Result<bool> IsReadable(const KafkaClient& client, const TopicPartition& at, std::int64_t offset, StopToken stop) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = offset;
  if (auto code = rd_kafka_assign(client.handle(), list.get())) {
    return std::unexpected(KafkaError("cannot assign " + at.topic, code));
  }
  std::optional<bool> readable;
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!readable && std::chrono::steady_clock::now() < deadline) {
    if (stop.stop_requested()) return Cancelled("stopped while readable records were looked for");
    KafkaMessage message(rd_kafka_consumer_poll(client.handle(), kPollMs));
    if (!message || message->partition != at.partition) continue;
    if (IsDamage(message->err)) readable = false;
    if (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) readable = true;  // the end: only control records
  }
  rd_kafka_assign(client.handle(), nullptr);
  while (KafkaMessage rest{rd_kafka_consumer_poll(client.handle(), kQuietMs)}) continue;  // what was on its way
  if (readable) return *readable;
  return Unavailable("no answer while readable records were looked for: topic=" + at.topic + " " + client.trouble());
}

}  // namespace

bool IsDamage(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__BAD_MSG || code == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
         code == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED || code == RD_KAFKA_RESP_ERR__UNDERFLOW;
}

Result<std::int64_t> FirstReadable(const KafkaClient& client, const TopicPartition& at, OffsetRange range, StopToken stop) {
  std::int64_t bad = range.first, good = range.end;
  for (std::int64_t step = 1; bad + step < good; step *= 2) {
    CS_ASSIGN(bool readable, IsReadable(client, at, bad + step, stop));
    (readable ? good : bad) = bad + step;
  }
  while (good - bad > 1) {
    std::int64_t middle = bad + (good - bad) / 2;
    CS_ASSIGN(bool readable, IsReadable(client, at, middle, stop));
    (readable ? good : bad) = middle;
  }
  return good;
}

}  // namespace cryptostream
