#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "query/duck.h"

namespace cryptostream {

// Whether a text that came over the network is one SELECT over the lake's views, and over nothing else that DuckDB could show: no file, no
// catalog, no setting. In: a DuckDB over those views (OpenPinnedViews). Errors: Invalid, in words for who asks; as of Duck::Query.
Status CheckLakeSelect(const Duck& views, const std::string& sql, const QueryLimits& limits);

}  // namespace cryptostream
