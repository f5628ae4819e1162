#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace cryptostream {

// How many requests each client may send: so many a second in the long run, twice that at once. Not thread-safe. Memory is bounded: a client
// that has its whole share again is forgotten.
class TokenBuckets {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // 0: any number.
  explicit TokenBuckets(double per_second) : per_second_(per_second) {}

  // Takes one off the client's share. False when nothing is left of it.
  bool Take(const std::string& client, Time now);
  std::size_t size() const { return buckets_.size(); }

 private:
  static constexpr std::size_t kMostClients = 10'000;
  struct Bucket {
    double left = 0;
    Time at{};
  };
  double LeftOf(const Bucket& bucket, Time now) const;

  double per_second_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace cryptostream
