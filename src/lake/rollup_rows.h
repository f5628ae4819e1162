#pragma once

#include <functional>
#include <set>

#include "base/result.h"
#include "lake/correction.h"
#include "lake/silver_reader.h"
#include "market/quote.h"
#include "market/rollup.h"

namespace cryptostream {

// Calls `visit` for the key of each row of gold (or of a rollup) whose window starts in `range`. Only the files and columns that
// tell keys are read. Errors: as of the files.
Status VisitKeys(const TableView& table, const SourceQuotes& quotes, TimeRange range,
                 const std::function<void(const WindowKey&)>& visit);

// Folds the rows of the 1-minute table that belong to `periods`; a period without rows has no entry. Errors: as of the files.
Result<WindowRows> FoldPeriods(const TableView& gold, const SourceQuotes& quotes, const std::set<WindowKey>& periods,
                               std::chrono::minutes period);

}  // namespace cryptostream
