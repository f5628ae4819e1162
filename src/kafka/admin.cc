// Questions to the cluster through librdkafka's admin calls, each with a queue of its own and a deadline. A topic's id is the
// only thing that tells a topic from another of the same name that came after it; brokers before 2.8, and some that only speak
// the protocol, have none (all zero), and then the cluster's id has to do.
#include "kafka/admin.h"

#include <algorithm>

#include "base/text.h"

namespace cryptostream {
namespace {

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, KafkaFree<rd_kafka_AdminOptions_destroy>>;
using Collection = std::unique_ptr<rd_kafka_TopicCollection_t, KafkaFree<rd_kafka_TopicCollection_destroy>>;
constexpr std::chrono::milliseconds kGrace{500};  // the client's own deadline comes first

// Asks the cluster: `request(options, queue)` sends the question. Returns the answer's event. Errors: Unavailable; the broker's own.
template <class Request>
Result<KafkaEvent> Ask(const KafkaClient& client, rd_kafka_admin_op_t operation, const std::string& what,
                       std::chrono::milliseconds timeout, Request request) {
  Options options(rd_kafka_AdminOptions_new(client.handle(), operation));
  char reason[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), reason, sizeof reason);
  KafkaQueue queue(rd_kafka_queue_new(client.handle()));
  request(options.get(), queue.get());
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), static_cast<int>((timeout + kGrace).count())));
  if (!event) return Unavailable(what + ": reason=no answer in time");
  if (auto code = rd_kafka_event_error(event.get())) {
    return std::unexpected(KafkaError(what, code, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

std::string ClusterId(const KafkaClient& client, std::chrono::milliseconds timeout) {
  char* id = rd_kafka_clusterid(client.handle(), static_cast<int>(timeout.count()));
  std::string text = id ? id : "";
  if (id) rd_kafka_mem_free(client.handle(), id);
  return text;
}

Result<std::map<std::int32_t, std::int64_t>> OneEnd(const KafkaClient& client, const TopicState& topic,
                                                    std::chrono::milliseconds timeout, std::int64_t which) {
  std::string what = "cannot ask for the offsets of topic " + topic.name;
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(topic.partitions.size())));
  for (auto partition : topic.partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.name.c_str(), partition)->offset = which;
  }
  auto request = [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    if (auto* error = rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED)) {
      rd_kafka_error_destroy(error);
    }
    rd_kafka_ListOffsets(client.handle(), list.get(), options, queue);
  };
  CS_ASSIGN(KafkaEvent event, Ask(client, RD_KAFKA_ADMIN_OP_LISTOFFSETS, what, timeout, request));
  std::size_t count = 0;
  const auto** infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event.get()), &count);
  std::map<std::int32_t, std::int64_t> offsets;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* at = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    if (at->err) return std::unexpected(KafkaError(what, at->err));
    offsets[at->partition] = at->offset;
  }
  return offsets;
}

}  // namespace

Result<TopicState> DescribeTopic(const KafkaClient& client, const std::string& topic, std::chrono::milliseconds timeout) {
  std::string what = "cannot describe topic " + topic;
  const char* names[] = {topic.c_str()};
  Collection topics(rd_kafka_TopicCollection_of_topic_names(names, 1));
  auto request = [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_DescribeTopics(client.handle(), topics.get(), options, queue);
  };
  CS_ASSIGN(KafkaEvent event, Ask(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, what, timeout, request));
  std::size_t count = 0;
  const auto** described = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
  if (count != 1) return Unavailable(what + ": reason=empty answer");
  const auto* error = rd_kafka_TopicDescription_error(described[0]);
  if (error && rd_kafka_error_code(error)) return std::unexpected(KafkaError(what, rd_kafka_error_code(error)));

  TopicState state;
  state.name = topic;
  const rd_kafka_Uuid_t* id = rd_kafka_TopicDescription_topic_id(described[0]);
  if (id && (rd_kafka_Uuid_most_significant_bits(id) != 0 || rd_kafka_Uuid_least_significant_bits(id) != 0)) {
    state.id = rd_kafka_Uuid_base64str(id);
  }
  state.cluster = ClusterId(client, timeout);
  const auto** partitions = rd_kafka_TopicDescription_partitions(described[0], &count);
  for (std::size_t i = 0; i < count; ++i) state.partitions.push_back(rd_kafka_TopicPartitionInfo_partition(partitions[i]));
  std::sort(state.partitions.begin(), state.partitions.end());
  if (state.partitions.empty()) return Unavailable(what + ": reason=no partitions yet");
  return state;
}

Result<std::map<std::int32_t, OffsetRange>> ListOffsets(const KafkaClient& client, const TopicState& topic,
                                                        std::chrono::milliseconds timeout) {
  CS_ASSIGN(auto first, OneEnd(client, topic, timeout, RD_KAFKA_OFFSET_SPEC_EARLIEST));
  CS_ASSIGN(auto end, OneEnd(client, topic, timeout, RD_KAFKA_OFFSET_SPEC_LATEST));
  std::map<std::int32_t, OffsetRange> ranges;
  for (auto partition : topic.partitions) {
    if (!first.contains(partition) || !end.contains(partition)) {
      return Unavailable("cannot ask for the offsets of topic " + topic.name + ": reason=partition missing in the answer");
    }
    ranges[partition] = {first[partition], end[partition]};
  }
  return ranges;
}

Result<std::size_t> MaxBatchBytes(const KafkaClient& client, const std::string& topic, std::chrono::milliseconds timeout) {
  std::string what = "cannot ask for the settings of topic " + topic;
  using Resource = std::unique_ptr<rd_kafka_ConfigResource_t, KafkaFree<rd_kafka_ConfigResource_destroy>>;
  Resource asked(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* list[] = {asked.get()};
  auto request = [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(client.handle(), list, 1, options, queue);
  };
  CS_ASSIGN(KafkaEvent event, Ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, what, timeout, request));
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) return Unavailable(what + ": reason=empty answer");
  if (auto code = rd_kafka_ConfigResource_error(resources[0])) return std::unexpected(KafkaError(what, code));
  const auto** entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(rd_kafka_ConfigEntry_name(entries[i])) != "max.message.bytes") continue;
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (auto bytes = IntegerOf<std::size_t>(value ? value : "")) return *bytes;
  }
  return Invalid(what + ": reason=no max.message.bytes in the answer");
}

Status CreateTopic(const KafkaClient& client, const std::string& topic, int partitions, std::chrono::milliseconds timeout) {
  std::string what = "cannot create topic " + topic;
  char reason[256];
  using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaFree<rd_kafka_NewTopic_destroy>>;
  NewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), partitions > 0 ? partitions : -1, -1, reason, sizeof reason));
  if (!wanted) return Invalid(what + ": reason=" + reason);
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  auto request = [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(client.handle(), list, 1, options, queue);
  };
  CS_ASSIGN(KafkaEvent event, Ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, what, timeout, request));
  std::size_t count = 0;
  const auto** results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  auto code = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
  if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return std::unexpected(KafkaError(what, code));
  return {};
}

}  // namespace cryptostream
