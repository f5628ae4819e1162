#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "market/quote.h"
#include "market/tick.h"
#include "market/window.h"

namespace cryptostream {

// A tick on its way from parse to dedup, with where it comes from: rows of a batch are ordered as bronze has them.
struct OriginTick {
  Tick tick;
  std::int64_t order = 0;      // the file's place in the batch, then the row in it
  std::int32_t partition = 0;  // of the topic
};

inline std::int64_t OrderOf(std::int32_t file, std::int64_t row) { return static_cast<std::int64_t>(file) << 32 | row; }
inline std::int32_t FileOfOrder(std::int64_t order) { return static_cast<std::int32_t>(order >> 32); }
inline std::int64_t RowOfOrder(std::int64_t order) { return order & 0xFFFFFFFF; }

// Which of `buckets` a tick goes to. Rows that may be one (lake/dedup.h) go to the same, and with them mostly the rows of a coin's
// minute: of trades a run of 4,096 ids of a market, of bars and observations a minute of a coin.
std::int32_t BucketOf(const Tick& tick, std::int32_t buckets);

// Ticks as bytes: silver's columns as an Arrow stream, compressed. Requires: all of one day. Errors: Unavailable (memory).
Result<std::string> EncodeTicks(const std::vector<OriginTick>& ticks);
// Adds those of `bytes` to `out`. Errors: Invalid, Corrupt.
Status DecodeTicks(std::string_view bytes, const SourceQuotes& quotes, std::vector<OriginTick>& out);

// Windows as bytes, one after the other.
void AppendWindow(const WindowKey& key, const WindowAccumulator& window, std::string& out);
// Errors: Corrupt.
Result<std::vector<std::pair<WindowKey, WindowAccumulator>>> WindowsOf(std::string_view bytes);

}  // namespace cryptostream
