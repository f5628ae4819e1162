#pragma once

#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "lake/lake.h"
#include "maintain/recompute.h"

namespace cryptostream {

struct ReorderOptions {
  Timestamp from{};      // the first window; of windows that are chosen already, too
  bool dry_run = false;  // look only
  std::function<void(std::size_t days_done, std::size_t days)> progress;  // may be empty
};

// Lets the order that is configured hold from a window on, and chooses the rows since then again: one commit, so that every version of the
// table is what its orders say. Then the chosen rows' rollups follow. Requires: nothing else works on the lake.
// Errors: Cancelled (nothing was changed, or only the rollups are behind), Conflict, as of the tables.
Result<std::vector<Recomputed>> Reorder(Lake& lake, const ReorderOptions& options, StopToken stop);

}  // namespace cryptostream
