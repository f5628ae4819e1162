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

// A number that neither an int64 nor a double holds exactly (a decimal, a larger integer), as its decimal digits: "-12.50".
struct ExactNumber {
  std::string digits;
  friend bool operator==(const ExactNumber&, const ExactNumber&) = default;
};

struct SqlItem;
// The fields of a struct, the elements of a list, or the entries of a map (each with a key and a value); the column says which.
struct SqlNested {
  std::vector<SqlItem> items;
};

// One value of a result, or a parameter of a statement. monostate is null. A Timestamp is UTC, whether the column has a time
// zone or not; types without a form of their own (intervals, enums, UUIDs) come as DuckDB's text.
using SqlValue = std::variant<std::monostate, bool, std::int64_t, double, Timestamp, Date, std::string, Blob, ExactNumber,
                              SqlNested, std::vector<std::string>>;

struct SqlItem {
  SqlValue value;
};

enum class SqlShape { kPlain, kStruct, kList, kMap };

struct SqlColumn {
  std::string name;
  std::string type;  // as SQL names it: "BIGINT"
  SqlShape shape = SqlShape::kPlain;
  std::vector<SqlColumn> parts;  // fields of a struct, the element of a list, key and value of a map
};

struct SqlRows {
  std::vector<SqlColumn> columns;  // always, also when there are no rows
  std::vector<std::vector<SqlValue>> rows;
  bool truncated = false;  // there were more than QueryLimits::max_rows
};

inline bool IsSqlNull(const SqlValue& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace cryptostream
