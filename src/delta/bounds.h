#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace cryptostream {

// Least and greatest value of a column in a file, as its statistics enclose them.
struct TimeBounds {
  Timestamp min;
  Timestamp max;
};
struct IntegerBounds {
  std::int64_t min;
  std::int64_t max;
};

// Reads the bounds of a timestamp column ("api_timestamp", "window.start") or of an integer column from a file's statistics;
// nullopt where the log has none, and then the file must be read.
std::optional<TimeBounds> TimeBoundsOf(std::string_view stats_json, std::string_view column);
std::optional<IntegerBounds> IntegerBoundsOf(std::string_view stats_json, std::string_view column);
// True when the statistics say that the column is null in every row.
bool HasOnlyNulls(std::string_view stats_json, std::string_view column);

}  // namespace cryptostream
