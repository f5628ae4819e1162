#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "live/follower.h"
#include "market/schema.h"
#include "query/duck.h"

namespace cryptostream {

// A row's place in the order of its table: by time, and of the same time by a hash of all its columns.
struct RowPlace {
  Timestamp time{};
  std::uint64_t hash = 0;
};

// Which rows of a table. A range is as one of bars: no bound -> the latest `limit`; from -> the oldest from there; to -> the latest
// before it; both -> the oldest in [from, to).
struct RowsAsked {
  const TableLayout* layout = nullptr;
  std::string time_column;
  bool days_are_of_time = true;  // the partition's day is that of the time column: few files hold a range
  std::vector<std::pair<std::string, std::string>> equal;  // column, value
  std::optional<Timestamp> from, to;
  std::size_t limit = 500;
  // Where a page ended: rows behind it, or before it.
  std::optional<RowPlace> after, before;

  bool forward() const { return after || (from && !before); }
};

struct RowsPage {
  std::shared_ptr<arrow::Table> rows;  // ascending; columns as of RowColumns
  std::optional<RowPlace> next;        // where the next page goes on: behind the last row if forward, else before the first
};

// The columns of rows that are read: those of the table's files, without those of the partition.
std::shared_ptr<arrow::Schema> RowColumns(const TableLayout& layout);

// Reads rows of one version of a table. Following `next` gives each row once, however many are appended meanwhile.
// In: a table (without a snapshot: no rows), a row's currency as SQL (Follower::QuoteSql). Slow: for worker threads.
// Errors: Unavailable (took too long), NotFound (a file was vacuumed: pin anew), Invalid, Corrupt, Internal.
Result<RowsPage> ReadTableRows(const Duck& duck, const FollowedTable& table, const RowsAsked& asked, const std::string& quote_sql,
                               std::chrono::milliseconds timeout);

}  // namespace cryptostream
