#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace cryptostream {

// Least and greatest value of a timestamp column in a file, as its statistics enclose them.
struct TimeBounds {
  Timestamp min;
  Timestamp max;
};

// Reads the bounds of `column` ("api_timestamp", "window.start") from a file's statistics; nullopt where the log has none, and
// then the file must be read.
std::optional<TimeBounds> BoundsOf(std::string_view stats_json, std::string_view column);

}  // namespace cryptostream
