#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "market/raw_batch.h"

namespace cryptostream {

// A batch as bytes and back, with everything in it but what belongs to the way out of a topic (keys and marks' names of rejects, begins). Errors of Decode: Corrupt, when the bytes are not what Encode makes.
std::string EncodeBatch(const RawBatch& batch);
Result<RawBatch> DecodeBatch(std::string_view bytes);

}  // namespace cryptostream
