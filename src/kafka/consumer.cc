// A consumer is a client made for reading what is promised, and runs of a Reader over it. The settings are the promise: no position
// of the broker's is ever used (assign by hand, nothing stored or committed by itself, an offset that is not there is an
// error), only committed records are read, and each record's checksum is looked at.
#include "kafka/consumer.h"

#include "kafka/reader.h"

namespace cryptostream {
namespace {

std::map<std::string, std::string> Settings(const KafkaOptions& options) {
  return {{"group.id", options.group},    {"enable.auto.commit", "false"},       {"enable.auto.offset.store", "false"},
          {"auto.offset.reset", "error"}, {"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
          {"check.crcs", "true"}};
}

// Tuning that may be set otherwise. By default a full queue is left alone for a whole second, in which bronze, once it has room,
// gets nothing: reading a million waiting records took 7.8 s with that and 3.7 s without. It holds 100,000 records of each
// partition, though a tenth of them keeps the reader busy, with less memory and a tenth less processor time. And a request that asks
// only for partitions that are at their end stays with the broker for half a second, while another partition's queue runs dry, and
// whatever else is asked of the broker waits behind it: the topic's identity, at each batch and at the end.
KafkaOptions WithDefaults(KafkaOptions options, bool until_end) {
  options.librdkafka.try_emplace("fetch.queue.backoff.ms", Secret("10"));
  options.librdkafka.try_emplace("queued.min.messages", Secret("10000"));
  options.librdkafka.try_emplace("fetch.wait.max.ms", Secret(until_end ? "10" : "100"));
  return options;
}

}  // namespace

Result<std::unique_ptr<TopicConsumer>> TopicConsumer::Create(const ConsumerOptions& options, const Clock& clock) {
  CS_TRY(CheckPassedThrough(options.kafka));
  return std::unique_ptr<TopicConsumer>(new TopicConsumer(options, clock));
}

TopicConsumer::~TopicConsumer() = default;

Status TopicConsumer::Run(const ConsumerHooks& hooks, StopToken stop) {
  CS_ASSIGN(auto client,
            KafkaClient::Create(RD_KAFKA_CONSUMER, WithDefaults(options_.kafka, options_.until_end), Settings(options_.kafka)));
  Status ended = Reader(options_, clock_, hooks, stop, *client).Run();
  if (!ended && options_.optional && ended.error().kind == ErrorKind::kNotFound) return {};
  return ended;
}

}  // namespace cryptostream
