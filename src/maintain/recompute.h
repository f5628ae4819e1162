#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "lake/lake.h"
#include "lake/silver_reader.h"

namespace cryptostream {

struct RecomputeOptions {
  TimeRange range;          // of event time; widened to whole windows of each table
  bool dry_run = false;     // look only
  std::string position_id;  // a position of gold that says how far this has come, and where it goes on; empty: from the first day
  std::function<void(std::size_t days_done, std::size_t days)> progress;  // may be empty
};

// What was, or would be, changed in one table.
struct Recomputed {
  std::string table;
  std::int64_t added = 0, changed = 0, removed = 0;  // rows
};

// Makes the closed windows of a range anew: those of every source from silver at gold's position, then all that is made of them. Only rows that differ
// are replaced, in commits of a day each; rows that nothing explains are taken out. Gold's positions stay where they are.
// Requires: nothing else works on the lake. Errors: Cancelled (what is committed stays, and is right), Conflict, NotFound (silver's version
// was cleaned up), as of the tables.
Result<std::vector<Recomputed>> Recompute(Lake& lake, const RecomputeOptions& options, StopToken stop);

// Brings all that is made of gold's windows up to them. Requires, errors: likewise.
Result<std::vector<Recomputed>> FollowGold(Lake& lake, StopToken stop);

}  // namespace cryptostream
