// Words about a wait. In: what is waited for, at each attempt. Out: a warning in the log when it begins or changes, and every minute.
#include "kafka/waiting.h"

#include "base/log.h"

namespace cryptostream {
namespace {

constexpr std::chrono::minutes kAgain{1};

}  // namespace

void Waiting::Say(const std::string& words) {
  auto now = Steady::now();
  if (!since_) since_ = now;
  if (words == said_ && now - said_at_ < kAgain) return;
  if (words == said_) {
    LogWarn("kafka: still waiting after {} s: {}", lasted().count(), words);
  } else {
    LogWarn("kafka: {}", words);
  }
  said_ = words;
  said_at_ = now;
}

std::chrono::seconds Waiting::lasted() const {
  if (!since_) return std::chrono::seconds(0);
  return std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - *since_);
}

}  // namespace cryptostream
