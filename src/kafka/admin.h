#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client.h"
#include "kafka/start_plan.h"

namespace cryptostream {

// Asks the cluster about a topic. Errors: NotFound (no such topic), Unavailable, Invalid (not allowed).
Result<TopicState> DescribeTopic(const KafkaClient& client, const std::string& topic, std::chrono::milliseconds timeout);

// The first offset and the end of each partition. The end is the last stable offset: what a reader of committed records may reach.
// Errors: as above.
Result<std::map<std::int32_t, OffsetRange>> ListOffsets(const KafkaClient& client, const TopicState& topic,
                                                        std::chrono::milliseconds timeout);

// The largest record batch that the topic takes, in bytes (its `max.message.bytes`). Errors: as above; Invalid where it may not be asked.
Result<std::size_t> MaxBatchBytes(const KafkaClient& client, const std::string& topic, std::chrono::milliseconds timeout);

// Makes the topic with the broker's own defaults for what is not given. In: 0 partitions: the broker's number. Not an error: it is
// there already. Errors: as above.
Status CreateTopic(const KafkaClient& client, const std::string& topic, int partitions, std::chrono::milliseconds timeout);

}  // namespace cryptostream
