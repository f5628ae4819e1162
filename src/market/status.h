#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace cryptostream {

// What a source is doing, as people read it on the page and in /api/v1/status.
// kRefused: the key, the plan or the request; a person has to look. kFailing: the provider answers, and not what was asked for (an error
// of its own, HTML, no price for any coin). kWaiting: for its turn; no trouble.
enum class SourceState { kStarting, kOk, kWaiting, kUnreachable, kLimited, kBanned, kRefused, kFailing, kReplaying, kDone };

struct SourceReport {
  std::string source;
  SourceState state = SourceState::kStarting;
  std::string message;  // in words, for people: "429 from the provider, next try in 2m"
  std::optional<Timestamp> last_success;
  std::optional<Timestamp> next_attempt;
};

// True while nothing comes of a source that should.
inline bool IsTrouble(SourceState state) {
  switch (state) {
    case SourceState::kUnreachable:
    case SourceState::kLimited:
    case SourceState::kBanned:
    case SourceState::kRefused:
    case SourceState::kFailing: return true;
    case SourceState::kStarting:
    case SourceState::kOk:
    case SourceState::kWaiting:
    case SourceState::kReplaying:
    case SourceState::kDone: return false;
  }
  return false;
}

inline const char* SourceStateName(SourceState state) {
  switch (state) {
    case SourceState::kStarting: return "starting";
    case SourceState::kOk: return "ok";
    case SourceState::kWaiting: return "waiting";
    case SourceState::kUnreachable: return "unreachable";
    case SourceState::kLimited: return "limited";
    case SourceState::kBanned: return "banned";
    case SourceState::kRefused: return "refused";
    case SourceState::kFailing: return "failing";
    case SourceState::kReplaying: return "replaying";
    case SourceState::kDone: return "done";
  }
  return "unknown";
}

}  // namespace cryptostream
