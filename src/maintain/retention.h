#pragma once

#include <vector>

#include "delta/retained_from.h"
#include "lake/lake.h"
#include "lake/maintenance.h"

namespace cryptostream {

// What retention would drop of a table.
struct RetentionPlan {
  Date before{};                // days before this go
  std::vector<DataFile> files;  // none: nothing to do
  std::int64_t rows = 0, bytes = 0;
};

// Chooses the days older than `age`, as far as everything that reads the table has read them and, of silver, no window in
// them is open. Errors: as of the tables.
Result<RetentionPlan> PlanRetention(Lake& lake, const LakeTable& table, std::chrono::milliseconds age, Timestamp now);

// Commits it. The files themselves go with vacuum. Out: the version. Errors: as of CommitRewrite.
Result<Version> ApplyRetention(Lake& lake, const LakeTable& table, const RetentionPlan& plan);

}  // namespace cryptostream
