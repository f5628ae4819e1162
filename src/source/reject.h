#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "market/raw_batch.h"

namespace cryptostream {

// Sets bytes that cannot become a bronze row aside in `batch.rejects`, cut to `limit_bytes`. In: the message's offset; the
// position that covers it is the next one.
void AddReject(RawBatch& batch, std::int64_t offset, std::string reason, std::string_view bytes, Timestamp received,
               std::size_t limit_bytes = Reject::kMaxRejectBytes);

}  // namespace cryptostream
