#pragma once

#include <string>
#include <vector>

#include "delta/table.h"
#include "lake/maintenance.h"

namespace cryptostream {

// Files and folders of a table that nothing needs any more.
struct VacuumPlan {
  std::vector<std::string> files;    // below the table's root
  std::vector<std::string> folders;  // empty ones, deepest first
  std::int64_t size_bytes = 0;
};

// Chooses the data files that no reader can want: not live, removed longer ago than the retention (by the time of the removal) and not still to
// be opened by a reader at one of `positions`; or in no version at all, older than the retention, and neither being written nor read in this
// process. Half-written files count as the latter. Errors: as of the log: then nothing may be deleted.
Result<VacuumPlan> PlanVacuum(Table& table, const std::vector<Version>& positions, const MaintenanceOptions& options,
                              Timestamp now);

// Deletes them. Out: files deleted. Errors: Unavailable.
Result<std::int64_t> VacuumTable(const Table& table, const VacuumPlan& plan);

}  // namespace cryptostream
