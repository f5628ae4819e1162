#pragma once

#include <functional>
#include <set>

#include "base/result.h"
#include "lake/correction.h"
#include "lake/silver_reader.h"
#include "market/derived_table.h"
#include "market/quote.h"
#include "market/source_order.h"

namespace cryptostream {

// Calls `visit` for the key of each row of a table of windows whose window starts in `range`. Only the files and columns that
// tell keys are read. Errors: as of the files.
Status VisitKeys(const TableView& table, const SourceQuotes& quotes, TimeRange range,
                 const std::function<void(const WindowKey&)>& visit);

// How rows are made of upstream's.
struct Making {
  const DerivedTable& table;
  const SourceQuotes& quotes;
  const SourceOrders& orders;  // of the chosen rows, and their rollups
};
// Makes the rows of these keys (of the derived table): folded to their period each series; chosen by the order in force; or the chosen
// minutes folded, those of the period's first currency in the order of its first window, `source` being null where several contributed. A key
// without rows upstream has no entry. Errors: as of the files.
Result<WindowRows> MakeRows(const TableView& upstream, const Making& making, const std::set<WindowKey>& keys);

}  // namespace cryptostream
