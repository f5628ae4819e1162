#pragma once

#include <vector>

#include "base/time.h"
#include "delta/snapshot.h"
#include "lake/maintenance.h"

namespace cryptostream {

// Files of one partition that are to become one (or a few, when they reach the target size).
struct CompactionJob {
  std::vector<PartitionValue> partition;
  std::vector<DataFile> files;  // the smallest first
};

// Chooses what to compact: per partition the most files whose rows together are at least `compact_files` times those of the largest of them
// (twice, in a partition that gets no more files). Each rewrite therefore puts a row into a file many times as large, so a row is rewritten
// log(rows) times at most. In: live files at or below the table's floor; now. Out: one job a partition, the one with most files first.
std::vector<CompactionJob> PlanCompaction(const std::vector<DataFile>& files, const MaintenanceOptions& options, Timestamp now);

// True for a file that compaction still counts as small.
bool IsSmallFile(const DataFile& file, const MaintenanceOptions& options);

}  // namespace cryptostream
