#pragma once

#include <set>
#include <string>

#include "base/stop.h"
#include "lake/lake.h"
#include "maintain/compact_plan.h"

namespace cryptostream {

// What compaction did to a table.
struct CompactionReport {
  int jobs = 0;                                    // commits
  std::int64_t live_files = 0;                     // of the whole table, afterwards
  std::int64_t files_before = 0, files_after = 0;  // of those that everybody has read
  std::int64_t rows = 0;                           // rewritten
  std::int64_t bytes_read = 0, bytes_written = 0;
};

// Compacts what is worth it in a table of the lake. In: the paths of files that everybody who reads the table's log has read; those that are
// live still are compacted. Safe while stages append: files are written first, the commit changes no row (dataChange false), and one whose inputs were
// replaced meanwhile is given up. Errors: as of MergeFiles; fenced.
Result<CompactionReport> CompactTable(Lake& lake, Table& table, const TableLayout& layout, std::set<std::string> eligible,
                                      const MaintenanceOptions& options, StopToken stop);

}  // namespace cryptostream
