#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "market/raw_batch.h"

// What the fuzz targets share.
namespace cryptostream {

inline std::string_view Text(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// Rows that a decoder made are what bronze can hold: UTF-8, not too large; a reject says why.
inline void CheckBatch(const RawBatch& batch) {
  for (std::size_t i = 0; i < batch.rows(); ++i) CS_CHECK(IsUtf8(batch.row(i).value));
  for (const Reject& reject : batch.rejects) CS_CHECK(!reject.reason.empty());
}

}  // namespace cryptostream
