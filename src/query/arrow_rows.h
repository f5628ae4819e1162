#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "query/duck.h"

namespace cryptostream {

// A result as Arrow columns, named apart (a, a_1).
struct ArrowResult {
  std::shared_ptr<arrow::Table> rows;
  bool truncated = false;  // there were more than the limits allow
};

struct ArrowLimits {
  QueryLimits query;
  std::size_t max_bytes = 64 << 20;  // of the values, about
};

// Runs one SELECT. Whole numbers come as int64 (as decimal where they may be larger), decimals as decimal128, times as UTC with
// microseconds, a map as a list of {key, value}; a type without a form of its own as text.
// Errors: as of Duck::Query; Invalid (a value that Arrow has no form for: an infinite date, a number of 39 digits).
Result<ArrowResult> QueryArrow(const Duck& duck, std::string_view sql, const std::vector<SqlValue>& parameters,
                               const ArrowLimits& limits);

}  // namespace cryptostream
