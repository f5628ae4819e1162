#pragma once

#include <chrono>
#include <optional>
#include <random>

#include "base/time.h"
#include "net/http_client.h"

namespace cryptostream {

// How long the answer asks to wait: Retry-After in seconds or as an HTTP date. nullopt when it is absent, negative, in the past or
// unreadable; never more than `cap`.
std::optional<std::chrono::milliseconds> RetryAfter(const HttpAnswer& answer, Timestamp now, std::chrono::milliseconds cap);

// How long the provider's own cache still answers the same: max-age minus Age, at most 10 minutes; 0 when not said.
std::chrono::milliseconds CacheLifetime(const HttpAnswer& answer);

// Waits that double from `first` to `most`, each cut by a random part of up to a half, so that many clients do not come back
// at the same moment.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most), next_(first) {}
  std::chrono::milliseconds Next();
  void Reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_, most_, next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace cryptostream
