// The watermark. In: the greatest event time of each (source, partition), as silver stores it. Out: per source, how far windows
// may close. Idleness is measured on the steady clock: a stepped wall clock must not close anything.
#include "lake/watermark.h"

#include <algorithm>

namespace cryptostream {

void WatermarkTracker::Advance(Name source, int partition, Timestamp newest, std::chrono::steady_clock::time_point now) {
  auto [place, first] = partitions_.try_emplace({source, partition}, Partition{newest, now});
  place->second.newest = std::max(place->second.newest, newest);
  place->second.heard = now;
}

std::vector<Name> WatermarkTracker::Sources() const {
  std::vector<Name> sources;
  for (const auto& [key, partition] : partitions_) {
    if (sources.empty() || sources.back() != key.first) sources.push_back(key.first);
  }
  return sources;
}

std::optional<Timestamp> WatermarkTracker::Of(Name source, bool caught_up, std::chrono::steady_clock::time_point now) const {
  std::optional<Timestamp> least;
  for (auto at = partitions_.lower_bound({source, std::numeric_limits<int>::min()});
       at != partitions_.end() && at->first.first == source; ++at) {
    if (caught_up && now - at->second.heard > idle_after_) continue;
    Timestamp mark = at->second.newest - lateness_;
    if (!least || mark < *least) least = mark;
  }
  return least;
}

}  // namespace cryptostream
