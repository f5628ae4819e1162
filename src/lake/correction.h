#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "market/derived_table.h"
#include "market/quote.h"
#include "market/window.h"

namespace cryptostream {

// What has to change in a table so that some closed windows are again what the table before it says.
struct Correction {
  std::vector<GoldRow> fresh;      // windows that had no row: for an append
  std::vector<GoldRow> rewritten;  // all rows of the files in `removes`, the corrected ones in place of the old
  std::vector<DataFile> removes;
  std::int64_t changed = 0, gone = 0;  // rows among them that get other figures, or are taken out
  bool empty() const { return fresh.empty() && removes.empty(); }
};

// Right rows of closed windows, by the table's keys.
using WindowRows = std::map<WindowKey, GoldRow>;

// What has to change in a table of windows so that `keys` are again what `rows` says: compared bit by bit, a key
// without an entry has no row, a second row of a key is taken out. In: what its keys are. Errors: as of reading the table.
Result<Correction> PlanReplacement(const TableView& table, const SourceQuotes& quotes, const std::set<WindowKey>& keys,
                                   const WindowRows& rows, RowPer rows_of = RowPer::kSeries);

// Takes the rows of `windows` from `known` or recomputes them from silver's pinned version, and compares them bit by bit with
// gold's. Windows that are right already cost no rewrite. Errors: as of reading the tables.
Result<Correction> CorrectWindows(const TableView& silver, const TableView& gold, const SourceQuotes& quotes,
                                  const std::set<WindowKey>& windows, WindowRows known = {});

}  // namespace cryptostream
