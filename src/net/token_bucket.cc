// A share of requests for each client. In: whose request comes, and when. Out: whether it is within the share.
#include "net/token_bucket.h"

#include <algorithm>

namespace cryptostream {

double TokenBuckets::LeftOf(const Bucket& bucket, Time now) const {
  return std::min(2 * per_second_, bucket.left + per_second_ * std::chrono::duration<double>(now - bucket.at).count());
}

bool TokenBuckets::Take(const std::string& client, Time now) {
  if (per_second_ <= 0) return true;
  if (buckets_.size() >= kMostClients) {
    std::erase_if(buckets_, [&](const auto& entry) { return LeftOf(entry.second, now) >= 2 * per_second_; });
    if (buckets_.size() >= kMostClients) buckets_.clear();  // each of them begins anew
  }
  auto [entry, added] = buckets_.try_emplace(client, Bucket{2 * per_second_, now});
  Bucket& bucket = entry->second;
  bucket = {LeftOf(bucket, now), now};
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace cryptostream
