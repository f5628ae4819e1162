// The one place where a librdkafka client is made. In: options and the settings that our promises rest on. Out: a client whose
// log is ours. Passed-through settings go in first and ours last, so that none can turn off, say, the idempotent producer; one
// that tries is refused by name instead of being ignored. Values of secret settings appear in no message.
#include "kafka/client.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/log.h"
#include "base/text.h"

namespace cryptostream {
namespace {

using Conf = std::unique_ptr<rd_kafka_conf_t, KafkaFree<rd_kafka_conf_destroy>>;

// Exactly once rests on these.
constexpr std::array kOurs = {"bootstrap.servers",
                              "metadata.broker.list",
                              "group.id",
                              "enable.auto.commit",
                              "auto.commit.enable",
                              "enable.auto.offset.store",
                              "auto.offset.reset",
                              "isolation.level",
                              "enable.partition.eof",
                              "check.crcs",
                              "enable.idempotence",
                              "acks",
                              "request.required.acks",
                              "transactional.id",
                              "max.in.flight",
                              "max.in.flight.requests.per.connection",
                              "retries",
                              "message.send.max.retries",
                              "partitioner",
                              "message.timeout.ms",
                              "delivery.timeout.ms",
                              "group.instance.id",
                              "group.protocol",
                              "plugin.library.paths"};

Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  auto result = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size());
  if (result == RD_KAFKA_CONF_OK) return {};
  std::string why = IsSecretSetting(name) ? "not a value that it takes" : reason.data();
  return Invalid("bad setting of librdkafka: key=kafka.librdkafka." + name + " reason=" + why);
}

// As a broker checks it, which would only be heard once it answers.
void AddProblemOfName(const std::string& name, const std::string& key, const std::string& flag, SettingProblems& found) {
  constexpr std::size_t kLongest = 249;
  bool good =
      !name.empty() && name.size() <= kLongest && name != "." && name != ".." &&
      std::ranges::all_of(name, [](unsigned char c) { return c < 128 && (std::isalnum(c) || c == '.' || c == '_' || c == '-'); });
  if (good) return;
  found.push_back(
      {"not a name of a topic: key=" + key + flag + " value=" + Printable(name) + " (" + std::string(kTopicHint) + ")", {key}});
}

// Sets what can be set, and returns what cannot.
SettingProblems SetPassedThrough(rd_kafka_conf_t* conf, const KafkaOptions& options) {
  SettingProblems found;
  for (const auto& [name, value] : options.librdkafka) {
    const std::string key = "kafka.librdkafka." + name;
    if (std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) {
      found.push_back({"this setting of librdkafka is made by the program: key=" + key +
                           " (leave it out; broker and group have settings of their own)",
                       {key}});
    } else if (auto set = Set(conf, name, value.Reveal()); !set) {
      found.push_back({set.error().message, {key}});
    }
  }
  return found;
}

SettingProblems PassedThroughProblems(const KafkaOptions& options) {
  Conf conf(rd_kafka_conf_new());
  return SetPassedThrough(conf.get(), options);
}

}  // namespace

bool IsSecretSetting(std::string_view name) {
  return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
         name.find("passphrase") != std::string_view::npos || name.ends_with("key.pem") ||
         name.ends_with("sasl.oauthbearer.config");
}

std::string MarksTopicOf(const KafkaOptions& options) {
  return options.marks_topic.empty() ? options.topic + "-marks" : options.marks_topic;
}

KafkaOptions WithCompression(KafkaOptions options) {
  auto& passed = options.librdkafka;
  if (passed.contains("compression.type") || passed.contains("compression.codec")) return options;
  passed.emplace("compression.type", Secret(options.compression));
  // What gzip gains beyond its first level costs several times the processor time.
  if (options.compression == "gzip") passed.try_emplace("compression.level", Secret("1"));
  return options;
}

SettingProblems KafkaProblems(const KafkaOptions& options) {
  SettingProblems found;
  AddProblemOfName(options.topic, "kafka.topic", " (--topic)", found);
  AddProblemOfName(MarksTopicOf(options), "kafka.marks_topic", "", found);
  if (!options.dlq_topic.empty()) AddProblemOfName(options.dlq_topic, "kafka.dlq_topic", " (--dlq-topic)", found);
  if (options.broker.empty()) {
    found.push_back({"no broker is named: key=kafka.broker (--broker) (give HOST:PORT)", {"kafka.broker"}});
  }
  if (!options.topic.empty() && options.dlq_topic == options.topic) {
    found.push_back({"the topic of dead letters cannot be the one that is read: key=kafka.dlq_topic value=" + options.dlq_topic +
                         " (each letter would be rejected again)",
                     {"kafka.topic", "kafka.dlq_topic"}});
  }
  if (MarksTopicOf(options) == options.topic || MarksTopicOf(options) == options.dlq_topic) {
    found.push_back({"the topic of marks must be one of its own: key=kafka.marks_topic value=" + MarksTopicOf(options) +
                         " (not kafka.topic, where readers expect messages only, and not kafka.dlq_topic)",
                     {"kafka.marks_topic", "kafka.topic", "kafka.dlq_topic"}});
  }
  for (SettingProblem& problem : PassedThroughProblems(options)) found.push_back(std::move(problem));
  return found;
}

Status CheckPassedThrough(const KafkaOptions& options) { return StatusOf(PassedThroughProblems(options)); }

Error KafkaError(const std::string& what, rd_kafka_resp_err_t code, const std::string& detail) {
  ErrorKind kind = ErrorKind::kUnavailable;
  std::string advice;
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION: kind = ErrorKind::kNotFound; break;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      kind = ErrorKind::kInvalid;
      advice =
          " (who reads a topic needs DESCRIBE and READ on it, who writes it WRITE, who makes it CREATE; the user is that of "
          "kafka.librdkafka)";
      break;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      kind = ErrorKind::kInvalid;
      advice = " (the broker does not take that name: --topic, kafka.topic)";
      break;
    default: break;
  }
  return {kind, what + ": reason=" + (detail.empty() ? rd_kafka_err2str(code) : detail) + advice, std::nullopt};
}

Result<std::unique_ptr<KafkaClient>> KafkaClient::Create(rd_kafka_type_t type, const KafkaOptions& options,
                                                         const std::map<std::string, std::string>& ours,
                                                         DeliveryReport on_delivery) {
  Conf conf(rd_kafka_conf_new());
  CS_TRY(Set(conf.get(), "client.id", "cryptostream"));
  CS_TRY(StatusOf(SetPassedThrough(conf.get(), options)));
  CS_TRY(Set(conf.get(), "bootstrap.servers", options.broker));
  for (const auto& [name, value] : ours) CS_TRY(Set(conf.get(), name, value));
  std::unique_ptr<KafkaClient> client(new KafkaClient);
  client->on_delivery_ = std::move(on_delivery);
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), OnDelivery);
  rd_kafka_conf_enable_sasl_queue(conf.get(), 1);
  std::array<char, 512> reason{};
  client->handle_ = rd_kafka_new(type, conf.get(), reason.data(), reason.size());
  if (!client->handle_) return Invalid(std::string("cannot make a Kafka client: reason=") + reason.data());
  (void)conf.release();  // librdkafka owns it now
  // OAUTH tokens are fetched beside us: they are needed before anything is polled.
  if (auto* error = rd_kafka_sasl_background_callbacks_enable(client->handle_)) rd_kafka_error_destroy(error);
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client->handle_);
  return client;
}

// A consumer that was assigned by hand has no group to leave, so nothing is waited for.
KafkaClient::~KafkaClient() {
  if (handle_) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::string KafkaClient::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

void KafkaClient::ServeEvents() {
  if (rd_kafka_type(handle_) == RD_KAFKA_CONSUMER)
    KafkaMessage(rd_kafka_consumer_poll(handle_, 0));
  else
    rd_kafka_poll(handle_, 0);
}

void KafkaClient::ClearTrouble() {
  std::lock_guard lock(mutex_);
  if (!trouble_.empty()) LogInfo("kafka: the broker answers again");
  trouble_.clear();
}

void KafkaClient::OnLog(const rd_kafka_t*, int level, const char* facility, const char* text) {
  LogDebug("librdkafka: {} {} {}", level, facility, text);
}

void KafkaClient::OnError(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  std::lock_guard lock(self->mutex_);
  bool first = self->trouble_.empty();
  self->trouble_ = reason;
  if (first) LogWarn("kafka: trouble with a broker, trying again: code={} reason={}", code, reason);
}

void KafkaClient::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  if (self->on_delivery_) self->on_delivery_(*message);
}

}  // namespace cryptostream
