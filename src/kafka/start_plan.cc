// Where a reader of the topic goes on, and when it must not. In: what the cluster says, what bronze says. Out: an offset for each
// partition, or what was lost. Pure, so that every case has its unit test.
//
// Offsets mean nothing beside the topic they belong to: a topic that was deleted and made again under its name has other records at the
// same offsets. So the topic's identity is part of the position's id, and a name that bronze knows under another identity is
// an error until a person says otherwise. Offsets below the first one held are lost to retention; a position beyond the end
// says that the log was cut, which is treated like a replaced topic. (Spark's `failOnDataLoss` is the model for stopping; its going on
// silently at the earliest offset when switched off is not: every loss becomes a row in the gaps table.)
#include "kafka/start_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cryptostream {
namespace {

std::string Prefix(std::string_view identity) { return "bronze/" + std::string(identity) + "/"; }

bool Knows(const BronzePositions& bronze, std::string_view identity) {
  std::string prefix = Prefix(identity);
  auto found = bronze.lower_bound(prefix);
  return found != bronze.end() && found->first.starts_with(prefix);
}

std::string Generation(const std::string& base, int number) { return number == 1 ? base : fmt::format("{}~{}", base, number); }

// The newest generation of `base` that bronze knows, or the first.
std::string Newest(const std::string& base, const BronzePositions& bronze) {
  int number = 1;
  while (Knows(bronze, Generation(base, number + 1))) ++number;
  return Generation(base, number);
}

std::string ClusterIdentity(const TopicState& topic, const BronzePositions& bronze) {
  return Newest(topic.name + ":cluster-" + topic.cluster, bronze);
}

// The positions of one identity, by partition.
std::map<std::int32_t, std::int64_t> PositionsOf(const BronzePositions& bronze, std::string_view identity) {
  std::map<std::int32_t, std::int64_t> positions;
  std::string prefix = Prefix(identity);
  for (auto at = bronze.lower_bound(prefix); at != bronze.end() && at->first.starts_with(prefix); ++at) {
    std::int32_t partition = 0;
    const char* end = at->first.data() + at->first.size();
    auto [read, error] = std::from_chars(at->first.data() + prefix.size(), end, partition);
    if (error == std::errc() && read == end) positions[partition] = at->second;
  }
  return positions;
}

// What became of a cluster's identity when the topic got an id: "bronze/upgraded/<the cluster's identity>/<topic id>" says either of these.
constexpr std::string_view kUpgraded = "bronze/upgraded/";
constexpr std::int64_t kWentOn = 1, kGivenUp = 2;

struct Upgraded {
  std::string topic_id;
  bool went_on = false;
};

std::optional<Upgraded> UpgradedTo(const BronzePositions& bronze, const std::string& by_cluster) {
  std::string prefix = std::string(kUpgraded) + by_cluster + "/";
  auto found = bronze.lower_bound(prefix);
  if (found == bronze.end() || !found->first.starts_with(prefix)) return std::nullopt;
  return Upgraded{found->first.substr(prefix.size()), found->second == kWentOn};
}

// All from their first offsets, under `identity`, which bronze does not know.
StartPlan FromTheStart(const StartFacts& facts, std::string identity) {
  StartPlan plan;
  plan.identity = std::move(identity);
  for (const auto& [partition, range] : facts.ranges) plan.starts.push_back({partition, range.first, range.first > 0});
  return plan;
}

// The topic is another one than bronze has read.
Result<StartPlan> Replaced(const StartFacts& facts, const std::string& old_identity, const std::string& new_identity,
                           std::string why, bool accept, Timestamp now) {
  std::string ranges;
  auto positions = PositionsOf(facts.bronze, old_identity);
  for (const auto& [partition, next] : positions) {
    ranges += fmt::format("{}{}/{} [{},?)", ranges.empty() ? "" : ", ", facts.topic.name, partition, next);
  }
  std::string words =
      fmt::format("TOPIC_REPLACED {}: {}; what followed bronze's positions is lost: missing={}", facts.topic.name, why, ranges);
  if (!accept) return Corrupt(words + std::string(kLossAdvice));
  StartPlan plan = FromTheStart(facts, new_identity);
  for (const auto& [partition, next] : positions) {
    plan.gaps.push_back(MakeGap(facts.topic.name, partition, next, std::nullopt, "TOPIC_REPLACED: " + why, now));
  }
  return plan;
}

// Why the log cannot be the one that bronze has read; nullopt when it can.
std::optional<std::string> NotTheSameLog(const StartFacts& facts, const std::map<std::int32_t, std::int64_t>& positions) {
  for (const auto& [partition, words] : facts.differing) {
    return fmt::format("partition {}: {}", partition, words);
  }
  for (const auto& [partition, next] : positions) {
    auto range = facts.ranges.find(partition);
    if (range == facts.ranges.end()) return fmt::format("partition {} is no longer there", partition);
    if (next > range->second.end) {
      return fmt::format("partition {}: bronze has read up to {}, but the log ends at {}", partition, next, range->second.end);
    }
  }
  return std::nullopt;
}

}  // namespace

const std::string_view kLossAdvice =
    " (nothing more is read. Is it another broker or topic than was meant: correct --broker, --topic or --storage. "
    "Are the records really gone: --accept-data-loss, given once, goes on with what the topic holds and writes the loss to the "
    "gaps table)";

Gap MakeGap(const std::string& topic, std::int32_t partition, std::int64_t from, std::optional<std::int64_t> to,
            std::string reason, Timestamp now) {
  Gap gap;
  gap.source = "kafka";
  gap.topic = topic;
  gap.partition = partition;
  gap.from_offset = from;
  gap.to_offset = to;
  gap.reason = std::move(reason);
  gap.detected_at = now;
  return gap;
}

std::string PartitionPositionId(std::string_view identity, std::int32_t partition) {
  return Prefix(identity) + std::to_string(partition);
}

std::string TopicIdentity(const TopicState& topic, const BronzePositions& bronze) {
  std::string by_cluster = ClusterIdentity(topic, bronze);
  auto upgraded = UpgradedTo(bronze, by_cluster);
  // Of a cluster that is half upgraded, or was set back, some brokers give no ids: the topic is the one that had one.
  if (topic.id.empty()) return upgraded ? Newest(topic.name + ":" + upgraded->topic_id, bronze) : by_cluster;
  std::string by_id = Newest(topic.name + ":" + topic.id, bronze);
  return !Knows(bronze, by_id) && !upgraded && Knows(bronze, by_cluster) ? by_cluster : by_id;
}

BronzePositions StartPlan::Begins() const {
  BronzePositions begins;
  for (const PartitionStart& start : starts) {
    if (start.tell) begins[PartitionPositionId(identity, start.partition)] = start.offset;
  }
  begins.insert(upgraded.begin(), upgraded.end());
  return begins;
}

std::optional<std::string> OtherIdentity(const BronzePositions& bronze, const std::string& name, const std::string& ours) {
  std::string prefix = "bronze/" + name + ":";
  std::optional<std::string> other;
  for (auto at = bronze.lower_bound(prefix); at != bronze.end() && at->first.starts_with(prefix); ++at) {
    std::string identity = at->first.substr(7, at->first.rfind('/') - 7);
    auto upgraded = UpgradedTo(bronze, identity);
    if (identity != ours && !(upgraded && upgraded->went_on)) other = identity;
  }
  return other;
}

bool ShowsLess(const StartFacts& facts) {
  auto positions = PositionsOf(facts.bronze, TopicIdentity(facts.topic, facts.bronze));
  return std::ranges::any_of(positions, [&](const auto& known) {
    auto range = facts.ranges.find(known.first);
    return range == facts.ranges.end() || known.second > range->second.end;
  });
}

Result<StartPlan> PlanStart(const StartFacts& facts, bool accept_data_loss, Timestamp now) {
  std::string identity = TopicIdentity(facts.topic, facts.bronze);
  if (!Knows(facts.bronze, identity)) {
    auto other = OtherIdentity(facts.bronze, facts.topic.name, identity);
    if (!other) return FromTheStart(facts, identity);
    std::string why =
        fmt::format("the topic was made anew or is another cluster's (now {}, bronze has read {})", identity, *other);
    return Replaced(facts, *other, identity, why, accept_data_loss, now);
  }
  auto positions = PositionsOf(facts.bronze, identity);
  bool upgrade = !facts.topic.id.empty() && identity == ClusterIdentity(facts.topic, facts.bronze);
  std::string by_id = facts.topic.name + ":" + facts.topic.id;
  std::string upgraded = std::string(kUpgraded) + identity + "/" + facts.topic.id;
  if (auto why = NotTheSameLog(facts, positions)) {
    if (upgrade) {
      CS_ASSIGN(StartPlan plan, Replaced(facts, identity, by_id, *why, accept_data_loss, now));
      plan.upgraded[upgraded] = kGivenUp;
      return plan;
    }
    std::string base = identity.substr(0, identity.find('~'));
    int next = 1;
    while (Knows(facts.bronze, Generation(base, next))) ++next;
    return Replaced(facts, identity, Generation(base, next), *why, accept_data_loss, now);
  }
  StartPlan plan;
  plan.identity = upgrade ? by_id : identity;
  if (upgrade) plan.upgraded[upgraded] = kWentOn;
  std::string lost;
  for (const auto& [partition, range] : facts.ranges) {
    auto known = positions.find(partition);
    std::int64_t next = known == positions.end() ? 0 : known->second;
    if (next < range.first) {
      lost += fmt::format("{}{}/{} [{},{})", lost.empty() ? "" : ", ", facts.topic.name, partition, next, range.first);
      plan.gaps.push_back(MakeGap(facts.topic.name, partition, next, range.first, "DATA_LOSS: retention passed us", now));
    }
    plan.starts.push_back({partition, std::max(next, range.first), next < range.first || (upgrade && next > 0)});
  }
  if (lost.empty() || accept_data_loss) return plan;
  return Corrupt(
      "DATA_LOSS " + lost +
      ": these offsets, which bronze has not read yet, are no longer in the topic (deleted, or its retention is too short)" +
      std::string(kLossAdvice));
}

}  // namespace cryptostream
