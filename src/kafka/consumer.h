#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/stop.h"
#include "base/time.h"
#include "kafka/options.h"
#include "kafka/record_check.h"
#include "kafka/start_plan.h"
#include "market/raw_batch.h"
#include "market/status.h"

namespace cryptostream {

// What the consumer needs of the lake that it reads into.
struct ConsumerHooks {
  // Bronze's committed positions, by position id.
  std::function<Result<BronzePositions>()> positions;
  // Bronze's newest record of a partition of the topic below `next`; nullopt when it has none (any more).
  std::function<Result<std::optional<StoredRecord>>(const std::string& topic, std::int32_t partition, std::int64_t next)>
      last_record;
  // Takes a batch, waiting for room; false when the program stops.
  std::function<bool(RawBatch)> push;
  std::function<void(SourceReport)> report;
};

struct ConsumerOptions {
  KafkaOptions kafka;
  bool until_end = false;  // end when what the topic held at the start has been pushed
  // The topic need not be there (nobody has made it yet, or never will): it is looked for now and then, without a word, and with until_end
  // there is nothing to read. For the topic of marks.
  bool optional = false;
  std::chrono::seconds topic_patience{10};  // with until_end, for a topic that is not there
};

// Reads a topic into bronze. Every partition is assigned at the offset that bronze's own position says; the broker keeps no position
// for us, the group's offsets are published afterwards and only shown. All partitions, new ones from their start, only
// committed records. Nothing is handed on before the topic's identity was asked for again, so a topic that is replaced while we
// read never mixes into the old one's offsets. One call of Run at a time; hooks are called on two threads of it.
class TopicConsumer {
 public:
  // Errors: Invalid (a setting). Requires: `clock` outlives it.
  static Result<std::unique_ptr<TopicConsumer>> Create(const ConsumerOptions& options, const Clock& clock);
  ~TopicConsumer();

  // Runs until `stop` (or the end that was asked for). A broker that is away is waited for. Errors: Corrupt (TOPIC_REPLACED,
  // DATA_LOSS: see start_plan.h), Invalid (not allowed to read), errors of the hooks.
  Status Run(const ConsumerHooks& hooks, StopToken stop);

 private:
  class Reader;
  TopicConsumer(ConsumerOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  const ConsumerOptions options_;
  const Clock& clock_;
};

}  // namespace cryptostream
