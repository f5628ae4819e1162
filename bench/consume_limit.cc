// The limits that reading a topic is measured against: librdkafka's records taken and thrown away, by one thread, nothing looked at.
//   consume_limit BROKER TOPIC MESSAGES records|batches      reads every partition from its start until MESSAGES records have come
// records: rd_kafka_consumer_poll, a record a call, as librdkafka's manual and examples have it. batches: up to 10,000 a call.
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr int kPollMs = 1000, kAskMs = 10'000;
constexpr int kPatience = 30;  // polls without a record

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "consume_limit: %s\n", what.c_str());
  std::exit(1);
}

rd_kafka_t* Connect(const char* broker) {
  std::array<char, 512> reason{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  // A full queue is looked at again soon, as the program's own reader has it; everything else is the default.
  for (const auto& [name, value] : {std::pair{"bootstrap.servers", broker},
                                    {"group.id", "limit"},
                                    {"enable.auto.commit", "false"},
                                    {"enable.auto.offset.store", "false"},
                                    {"fetch.queue.backoff.ms", "10"}}) {
    if (rd_kafka_conf_set(conf, name, value, reason.data(), reason.size())) Fail(reason.data());
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  if (!client) Fail(reason.data());
  rd_kafka_poll_set_consumer(client);
  return client;
}

void AssignAll(rd_kafka_t* client, const char* name) {
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, name, nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  if (auto code = rd_kafka_metadata(client, 0, topic, &metadata, kAskMs)) Fail(rd_kafka_err2str(code));
  int partitions = metadata->topics[0].partition_cnt;
  if (partitions == 0) Fail(std::string("no such topic: ") + name);
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) rd_kafka_topic_partition_list_add(all, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(client, all);
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(topic);
}

struct Seen {
  long records = 0, bytes = 0;
  void Take(rd_kafka_message_t* message) {
    records += message->err == 0;
    bytes += message->err == 0 ? static_cast<long>(message->len) : 0;
    rd_kafka_message_destroy(message);
  }
};

Seen TakeRecords(rd_kafka_t* client, long wanted) {
  Seen seen;
  for (long idle = 0; seen.records < wanted;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client, kPollMs);
    if (!message && ++idle == kPatience) Fail("no records come");
    if (message) seen.Take(message);
  }
  return seen;
}

Seen TakeBatches(rd_kafka_t* client, long wanted) {
  Seen seen;
  std::array<rd_kafka_message_t*, 10'000> messages{};
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  for (long idle = 0; seen.records < wanted;) {
    ssize_t came = rd_kafka_consume_batch_queue(queue, kPollMs, messages.data(), messages.size());
    if (came <= 0 && ++idle == kPatience) Fail("no records come");
    for (ssize_t i = 0; i < came; ++i) seen.Take(messages[i]);
  }
  rd_kafka_queue_destroy(queue);
  return seen;
}

}  // namespace

int main(int count, char** words) {
  std::string_view how = count == 5 ? words[4] : "";
  if (how != "records" && how != "batches") Fail("usage: consume_limit BROKER TOPIC MESSAGES records|batches");
  rd_kafka_t* client = Connect(words[1]);
  AssignAll(client, words[2]);
  long wanted = std::atol(words[3]);
  Seen seen = how == "records" ? TakeRecords(client, wanted) : TakeBatches(client, wanted);
  std::printf("{\"records\": %ld, \"bytes\": %ld}\n", seen.records, seen.bytes);
  rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  return 0;
}
