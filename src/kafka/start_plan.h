#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "market/raw_batch.h"

namespace cryptostream {

// What a cluster says of a topic.
struct TopicState {
  std::string name;
  std::string id;       // the broker's topic id; empty where it gives none
  std::string cluster;  // the cluster's id
  std::vector<std::int32_t> partitions;
};

// Offsets that a partition holds: [first, end).
struct OffsetRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
};

// Bronze's positions by position id ("bronze/<topic identity>/<partition>"): the next offset to read.
using BronzePositions = std::map<std::string, std::int64_t>;

// The id of a partition's position.
std::string PartitionPositionId(std::string_view identity, std::int32_t partition);
// Under which identity bronze knows this topic: "name:topic id", or "name:cluster-<cluster id>" where there is no topic id. An
// identity that was given up (its records were not those in bronze, and the loss was accepted) is followed by "~2", "~3", ...
// A cluster's identity that got topic ids goes on under them from the next start on, and is none for any other id from then on.
std::string TopicIdentity(const TopicState& topic, const BronzePositions& bronze);

// Another identity (not one that went on as ours) under which bronze knows a topic of this name, if there is one.
std::optional<std::string> OtherIdentity(const BronzePositions& bronze, const std::string& name, const std::string& ours);

// Where reading begins.
struct PartitionStart {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool tell = false;  // bronze must learn of this position before anything later, though no row brings it
};
struct StartPlan {
  std::string identity;
  std::vector<PartitionStart> starts;  // one for each partition
  std::vector<Gap> gaps;               // what was lost, when that is accepted
  BronzePositions upgraded;            // what bronze must learn too when positions of before topic ids go on under one, or end

  // All positions that bronze must learn of, in one commit: of two partitions one alone would say that the other was begun.
  BronzePositions Begins() const;
};

// What a person can do about a loss, as errors end.
extern const std::string_view kLossAdvice;
Gap MakeGap(const std::string& topic, std::int32_t partition, std::int64_t from, std::optional<std::int64_t> to,
            std::string reason, Timestamp now);

struct StartFacts {
  TopicState topic;
  std::map<std::int32_t, OffsetRange> ranges;
  BronzePositions bronze;
  // Partitions whose record before the position is not the one that bronze holds, with the difference in words.
  std::map<std::int32_t, std::string> differing;
};

// Whether bronze has read more than the cluster shows: further, or a partition that is not there. The log was cut, or a broker lags.
bool ShowsLess(const StartFacts& facts);

// Decides where to go on: at bronze's positions; a partition that bronze does not know from its start. Pure.
// Errors: Corrupt, beginning with TOPIC_REPLACED or DATA_LOSS, with the missing ranges in words; with `accept_data_loss` these
// become gaps of the plan instead.
Result<StartPlan> PlanStart(const StartFacts& facts, bool accept_data_loss, Timestamp now);

}  // namespace cryptostream
