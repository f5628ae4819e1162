// From a /coins/markets body to bronze rows, shared by the poller and the replay of recorded bodies. The array is cut first and
// as a whole (source/json_array.h), so that a truncated body gives no row at all and a bad coin costs only itself. What an answer
// says twice, byte for byte, is one observation: so no two rows of bronze are equal in every column.
#include "source/markets_decoder.h"

#include <unordered_set>

#include "source/json_array.h"
#include "source/reject.h"

namespace cryptostream {

std::expected<std::vector<SeenCoin>, std::string> MarketsDecoder::Decode(std::string_view body, Timestamp observed,
                                                                         Timestamp received, std::int64_t offset,
                                                                         RawBatch& batch) {
  auto objects = SplitJsonArray(body);
  if (!objects) return std::unexpected(std::move(objects).error());
  std::vector<SeenCoin> seen;
  std::unordered_set<std::string_view> said;
  for (std::string_view object : *objects) {
    if (!said.insert(object).second) continue;
    auto message = builder_.Build(object, observed, batch.source, quote_);
    if (!message) {
      AddReject(batch, offset, message.error().Text(), object, received);
      continue;
    }
    std::optional<std::string_view> key;
    if (!message->coin_id.empty()) key = message->coin_id;
    batch.Add({key, message->value, received, offset});
    if (!key) continue;
    auto updated = ParseRfc3339(message->last_updated);
    seen.push_back({std::string(*key), updated ? std::optional(*updated) : std::nullopt});
  }
  return seen;
}

}  // namespace cryptostream
