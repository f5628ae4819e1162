#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "market/raw_batch.h"

namespace cryptostream {

// Turns a /coins/{id}/market_chart body into rows of a batch, one a point, in time order, a point that stands twice once.
// In: the coin; the currency; when the body was received; the rows' offset. Out: the number of rows added. A point that is none becomes a reject.
// Errors: what is wrong with the body as a whole; the batch is then as it was.
std::expected<std::size_t, std::string> DecodeChart(std::string_view body, const std::string& coin, const std::string& quote,
                                                    Timestamp received, std::int64_t offset, RawBatch& batch);

}  // namespace cryptostream
