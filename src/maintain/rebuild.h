#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "lake/lake.h"
#include "market/schema.h"

namespace cryptostream {

// The tables that are made of others, and so can be made anew: silver, the windows of every source, and all that is made of those.
const std::vector<const TableLayout*>& RebuildableTables();

// What is to be done, in the order of the data.
struct RebuildPlan {
  // Compared with what they are made of, day by day: their logs are sound. They keep id and positions.
  std::vector<const TableLayout*> in_place;
  // Made as new tables; what they were is moved aside: silver, tables without a sound log, and what is made of any of these.
  std::vector<const TableLayout*> anew;
  std::vector<std::string> losses;  // rows that no table before has any more: "silver: days before 2026-01-01"
  std::string resumes;              // the folder of a rebuild that was cut off, whose tables these are; empty: none
};

struct RebuildOptions {
  std::vector<const TableLayout*> tables;                                                     // RebuildableTables() all or some
  bool accept_loss = false;                                                                   // of rows that cannot be made again
  std::function<void(const std::string& table, std::size_t done, std::size_t all)> progress;  // may be empty
};

// What became of a table.
struct Rebuilt {
  std::string table;
  bool anew = false;
  std::int64_t unreadable = 0;                       // files that were, or would be, taken out unread
  std::int64_t added = 0, changed = 0, removed = 0;  // rows; of a new table all that it has
};

// Errors: Corrupt (a table that they are made of is damaged too: says which), Invalid (a table lies in an earlier format's place), NotFound
// (no lake), Unavailable.
Result<RebuildPlan> PlanRebuild(const std::filesystem::path& root, const std::vector<const TableLayout*>& tables);

// Says what a rebuild would do, and changes nothing. Requires: the lake is not written meanwhile. Errors: as of PlanRebuild and the tables.
Result<std::vector<Rebuilt>> DryRebuild(const LakeOptions& lake, const RebuildOptions& options, StopToken stop);

// Makes tables anew from what they are made of, and brings all that is made of them up to date. Killed or stopped anywhere, the next call
// goes on. Out: also, in `aside`, where the tables lie that were moved away; empty: none.
// Errors: as of PlanRebuild; Invalid (rows would be lost and that was not accepted: says which), Cancelled, Conflict (the lake is being written),
// as of the tables.
Result<std::vector<Rebuilt>> Rebuild(const LakeOptions& lake, const RebuildOptions& options, StopToken stop, std::string& aside);

}  // namespace cryptostream
