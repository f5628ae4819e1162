#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "base/result.h"
#include "delta/table.h"
#include "market/quote.h"
#include "market/tick.h"

namespace cryptostream {

// A half-open range of event time.
struct TimeRange {
  Timestamp from;
  Timestamp to;
  bool contains(Timestamp t) const { return from <= t && t < to; }
};

// Gets one file's matching rows at a time.
using TickVisitor = std::function<Status(const std::vector<Tick>&)>;

// Each reads the rows of one kind, file by file; files that cannot hold any are skipped by their partition and statistics.
// In: `quotes`, the currencies of rows that do not say theirs. Errors: as of the files; whatever `visit` returns.

// Rows whose event time lies in `range`.
Status ReadSilver(const TableView& silver, const SourceQuotes& quotes, TimeRange range, const TickVisitor& visit);
// Rows whose event time lies in one of the minutes, given by their starts.
Status ReadSilverMinutes(const TableView& silver, const SourceQuotes& quotes, const std::set<Timestamp>& minutes,
                         const TickVisitor& visit);
// Trades with one of these ids, of any source and symbol.
Status ReadSilverTrades(const TableView& silver, const SourceQuotes& quotes, const std::set<std::int64_t>& ids,
                        const TickVisitor& visit);
// All trades, with source, symbol and trade id only.
Status ReadSilverTradeKeys(const TableView& silver, const TickVisitor& visit);

}  // namespace cryptostream
