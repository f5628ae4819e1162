#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/setting_problem.h"

namespace cryptostream {

// What a broker takes as the name of a topic; ECMAScript.
inline constexpr std::string_view kTopicPattern = "(?!\\.{1,2}$)[A-Za-z0-9._\\-]{1,249}";
inline constexpr std::string_view kTopicHint = "1 to 249 characters out of a-z, A-Z, 0-9, '.', '_' and '-'";

// Where the topic is and how it is spoken to; the same for producer and consumer.
struct KafkaOptions {
  std::string broker = "localhost:19092";  // bootstrap servers, comma separated
  std::string topic = "crypto-raw";
  std::string group = "cryptostream";  // under which the offsets that are committed to bronze are shown
  int partitions = 0;                  // of a topic that the producer makes; 0: the broker's default
  std::string spool_path;              // the producer's durable memory; empty: below the storage
  std::int64_t spool_mb = 1024;
  std::string marks_topic;                   // for what is no message; empty: <topic>-marks
  std::string compression = "gzip";          // of what is written: every client reads it
  std::string dlq_topic;                     // gets every message of the topic that goes to quarantine; empty: off
  bool accept_data_loss = false;             // go on over lost offsets, with a row in the gaps table
  std::map<std::string, Secret> librdkafka;  // passed through: SASL, TLS, OAUTH, tuning
};

// The topic of marks: what a source could not make a message of, and when it was silent.
std::string MarksTopicOf(const KafkaOptions& options);
// The options with what a writer's client takes unless something else is passed through: the compression.
KafkaOptions WithCompression(KafkaOptions options);
// True for settings of librdkafka that hold a secret: they come from the environment or a file of their own, and print as "***".
bool IsSecretSetting(std::string_view name);
// Returns all that is wrong with the options. librdkafka is asked whether it knows every setting passed through and takes its value; one that
// is ours alone to make is a problem too, because what is promised rests on it. Needs no network.
SettingProblems KafkaProblems(const KafkaOptions& options);

}  // namespace cryptostream
