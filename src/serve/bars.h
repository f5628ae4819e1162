#pragma once

#include <optional>
#include <string>

#include "live/as_of.h"
#include "live/backend.h"
#include "live/candle_range.h"
#include "live/live.h"

namespace cryptostream {

// Bars of one coin, as every door asks for them.
struct BarsAsked {
  std::string coin;
  SeriesAsked series;
  CandleQuery query;
};

struct Bars {
  CandlePage page;
  Version gold_version = kNoVersion;
  std::string etag;  // what they depend on
};

// Out: nullopt where memory does not suffice. Quick.
Result<std::optional<Bars>> BarsInMemory(Backend& backend, const BarsAsked& asked);
// The same with the tables' help, where nullopt is a coin that the lake has no row of. For worker threads.
// Errors: Unavailable, NotFound (a file was vacuumed), Internal.
Result<std::optional<Bars>> BarsFromTables(Backend& backend, const BarsAsked& asked);

// The same out of the tables as they were, and nothing else. Errors: as above, NotFound also where there is no such version.
Result<std::optional<Bars>> BarsAsOf(Backend& backend, const BarsAsked& asked, const AsOf& as_of);

}  // namespace cryptostream
