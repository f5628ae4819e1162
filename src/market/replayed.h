#pragma once

#include <string>
#include <string_view>

namespace cryptostream {

// What `quarantine replay` sends into a lake again has its topic marked and, as its offset, the id of the quarantine row that it was
// (query/rejected.h): so the tables themselves say which rows were sent. A name of a topic or file cannot be mistaken for it: Kafka
// allows no colon.
inline constexpr std::string_view kReplayedTopic = "quarantine";

inline std::string ReplayedTopic(std::string_view topic) {
  return std::string(kReplayedTopic) + (topic.empty() ? "" : ":") + std::string(topic);
}

// Its position, without the prefix that all have: the number of the next batch.
inline constexpr std::string_view kReplayedPosition = "bronze/quarantine/";
// Positions of recordings begin so. What goes along with one (source/taken_recordings.h) is no offset.
inline constexpr std::string_view kRecordingPosition = "bronze/recording/";

inline std::string ReplayedPositionId(std::string_view quarantine_id) {
  return std::string(kReplayedPosition) + std::string(quarantine_id);
}

}  // namespace cryptostream
