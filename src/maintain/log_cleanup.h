#pragma once

#include <string>
#include <vector>

#include "delta/table.h"
#include "lake/maintenance.h"

namespace cryptostream {

// Which part of a log may go.
struct LogCleanup {
  Version keep = kNoVersion;        // the oldest version that can be opened afterwards; kNoVersion: nothing goes
  std::vector<std::string> names;   // to delete, in this order
  std::vector<std::string> staged;  // left behind by crashed writers, an hour old
};

// Chooses what of a table's log may be deleted: everything below the newest checkpoint that is (a) at or below `floor`, so that whoever is
// behind can open its version and read on, (b) at or below the second newest, so that a reader that just looked and a damaged
// newest one do no harm, (c) at or below what `_last_checkpoint` names, and (d) older than the retention. Errors: as of listing.
Result<LogCleanup> PlanLogCleanup(const Table& table, Version floor, const MaintenanceOptions& options, Timestamp now);

// Deletes it, in ascending order, after the checkpoint at `keep` was read whole. Out: files deleted.
// Errors: Corrupt (that checkpoint cannot be read: nothing was deleted), Unavailable.
Result<std::int64_t> CleanLog(const Table& table, const LogCleanup& plan);

}  // namespace cryptostream
