#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/tick.h"

namespace cryptostream {

// A half-open range of event time.
struct TimeRange {
  Timestamp from;
  Timestamp to;
  bool contains(Timestamp t) const { return from <= t && t < to; }
};

// Reads the rows of a pinned silver version whose event time lies in `range`, file by file: files outside are skipped by their
// partition and statistics. `visit` gets one file's matching rows at a time. Errors: as of the files; whatever `visit` returns.
Status ReadSilver(const Snapshot& silver, const std::string& root_path, TimeRange range,
                  const std::function<Status(std::vector<Tick>)>& visit);

}  // namespace cryptostream
