#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"

namespace cryptostream {

// Bytes that need not be text.
struct Blob {
  std::string bytes;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// One value of a result, or a parameter of a statement. monostate is null. A Timestamp is UTC, whether the column has a time
// zone or not; types without a form of their own (structs, lists, intervals, decimals) come as DuckDB's text.
using SqlValue =
    std::variant<std::monostate, bool, std::int64_t, double, Timestamp, Date, std::string, Blob, std::vector<std::string>>;

struct SqlColumn {
  std::string name;
  std::string type;  // as SQL names it: "BIGINT"
};

struct SqlRows {
  std::vector<SqlColumn> columns;
  std::vector<std::vector<SqlValue>> rows;
  bool truncated = false;  // there were more than QueryLimits::max_rows
};

inline bool IsSqlNull(const SqlValue& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace cryptostream
