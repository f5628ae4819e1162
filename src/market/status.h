#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace cryptostream {

// What a source is doing, as people read it on the page and in /api/v1/status.
enum class SourceState { kStarting, kOk, kWaiting, kUnreachable, kLimited, kBanned, kReplaying, kDone };

struct SourceReport {
  std::string source;
  SourceState state = SourceState::kStarting;
  std::string message;  // in words, for people: "429 from the provider, next try in 2m"
  std::optional<Timestamp> last_success;
  std::optional<Timestamp> next_attempt;
};

inline const char* SourceStateName(SourceState state) {
  switch (state) {
    case SourceState::kStarting: return "starting";
    case SourceState::kOk: return "ok";
    case SourceState::kWaiting: return "waiting";
    case SourceState::kUnreachable: return "unreachable";
    case SourceState::kLimited: return "limited";
    case SourceState::kBanned: return "banned";
    case SourceState::kReplaying: return "replaying";
    case SourceState::kDone: return "done";
  }
  return "unknown";
}

}  // namespace cryptostream
