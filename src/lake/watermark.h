#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "market/name.h"

namespace cryptostream {

// How far event time has come, per source: the smallest over its partitions of (greatest event time - allowed lateness). A partition
// that was silent for `idle_after` of steady time does not count, so one quiet coin or partition cannot hold the others back.
class WatermarkTracker {
 public:
  WatermarkTracker(std::chrono::milliseconds lateness, std::chrono::milliseconds idle_after)
      : lateness_(lateness), idle_after_(idle_after) {}

  void Reset() { partitions_.clear(); }
  // A partition's greatest event time is at least `newest`; it was heard from at `now`.
  void Advance(Name source, int partition, Timestamp newest, std::chrono::steady_clock::time_point now);
  std::vector<Name> Sources() const;
  // The watermark of a source; nullopt when all of its partitions are idle. `caught_up` false: silence may only mean that
  // input is waiting, so no partition counts as idle.
  std::optional<Timestamp> Of(Name source, bool caught_up, std::chrono::steady_clock::time_point now) const;

 private:
  struct Partition {
    Timestamp newest;
    std::chrono::steady_clock::time_point heard;
  };
  const std::chrono::milliseconds lateness_, idle_after_;
  std::map<std::pair<Name, int>, Partition> partitions_;
};

}  // namespace cryptostream
