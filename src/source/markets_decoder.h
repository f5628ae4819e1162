#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/message.h"
#include "market/raw_batch.h"

namespace cryptostream {

// A coin that a /coins/markets body told of.
struct SeenCoin {
  std::string coin_id;
  std::optional<Timestamp> last_updated;
};

// Turns a /coins/markets body into rows of a batch, one a coin. Keeps buffers: one decoder a thread.
class MarketsDecoder {
 public:
  // In: the currency of the prices; empty where the body's own does not come with it (a recording).
  explicit MarketsDecoder(std::string quote = "") : quote_(std::move(quote)) {}
  // Adds every row of `body` to `batch` with offset `offset`; a row of which no message can be made becomes a reject.
  // In: when the prices were observed (the messages' event time) and received. Out: the coins seen.
  // Errors: what is wrong with the body as a whole; the batch is then as it was.
  std::expected<std::vector<SeenCoin>, std::string> Decode(std::string_view body, Timestamp observed, Timestamp received,
                                                           std::int64_t offset, RawBatch& batch);

 private:
  const std::string quote_;
  MarketMessageBuilder builder_;
};

}  // namespace cryptostream
