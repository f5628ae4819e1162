#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "lake/position.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {

// What one commit of a stage holds.
struct CommitPlan {
  CommitKind kind = CommitKind::kAppend;
  std::vector<PartitionRows> rows;  // written as one data file a partition
  std::vector<DataFile> removes;    // for kReplace
  Positions positions;              // the new ones, carried in the commit
  Positions expected;               // what the table must say of the same app ids before (absent: not there yet)
  std::string operation;            // "bronze append"
};

// Writes the rows' data files and commits them with their positions, exactly once. An answer other than "committed" is
// never trusted: the log is read again, the commit looked for by its batch id, and repeated only when the table still stands
// at the expected positions. Writes a checkpoint every 100 versions.
// Out: the version that holds the rows. Errors: Conflict (the positions moved, or a removed file is gone: reload and decide; or "fenced": a newer
// writer took over), Unavailable (disk or store; nothing was committed), others as from the table.
Result<Version> CommitOnce(Table& table, const TableLayout& layout, CommitPlan plan, std::int64_t epoch);

// True for the error of a writer that was replaced by a newer one: it must stop for good.
bool IsFenced(const Error& error);

}  // namespace cryptostream
