// Messages on their way to bronze, stored as Arrow stores strings (one buffer of bytes, one of end offsets).
#include "market/raw_batch.h"

#include <algorithm>

#include "base/check.h"
#include "market/json.h"

namespace cryptostream {

void RawBatch::Add(const Row& row) {
  CS_CHECK(values_.size() + row.value.size() < (std::size_t{1} << 31));
  values_.append(row.value);
  value_ends_.push_back(static_cast<std::int32_t>(values_.size()));
  has_key_.push_back(row.key.has_value());
  if (row.key) keys_.append(*row.key);
  keyed_rows_ += row.key.has_value();
  key_ends_.push_back(static_cast<std::int32_t>(keys_.size()));
  received_.push_back(row.received);
  offsets_.push_back(row.offset);
}

void RawBatch::Reserve(std::size_t rows, std::size_t bytes) {
  values_.reserve(values_.size() + bytes);
  value_ends_.reserve(value_ends_.size() + rows);
  key_ends_.reserve(key_ends_.size() + rows);
  received_.reserve(received_.size() + rows);
  offsets_.reserve(offsets_.size() + rows);
}

// Text that is cut where no sequence is in progress gives pieces that are text. A part of the rows at a time, so that both looks at it find
// it in the core's cache.
bool RawBatch::AllText(std::size_t max_bytes) const {
  constexpr std::size_t kRowsALook = 256;
  for (std::size_t begin = 0; begin < rows(); begin += kRowsALook) {
    std::size_t end = std::min(begin + kRowsALook, rows());
    auto bytes = static_cast<std::size_t>(value_ends_[end] - value_ends_[begin]);
    if (!simdjson::validate_utf8(values_.data() + value_ends_[begin], bytes)) return false;
    for (std::size_t i = begin; i < end; ++i) {
      std::string_view value = Slice(values_, value_ends_, i);
      bool continues = !value.empty() && (static_cast<unsigned char>(value.front()) & 0xC0) == 0x80;
      if (continues || value.size() > max_bytes) return false;
    }
  }
  return true;
}

RawBatch RawBatch::Like() const {
  RawBatch out;
  out.source = source;
  out.topic = topic;
  out.partition = partition;
  out.position_id = position_id;
  return out;
}

void AddByDate(RawBatchPtr batch, DatedBatches& out) {
  if (batch->rows() == 0) return;
  auto [first, last] = std::minmax_element(batch->received().begin(), batch->received().end());
  if (DateOf(*first) == DateOf(*last)) {
    out[DateOf(*first)].push_back(std::move(batch));
    return;
  }
  std::map<Date, RawBatch> parts;
  for (std::size_t i = 0; i < batch->rows(); ++i) {
    parts.try_emplace(DateOf(batch->received()[i]), batch->Like()).first->second.Add(batch->row(i));
  }
  for (auto& [date, part] : parts) out[date].push_back(std::make_shared<const RawBatch>(std::move(part)));
}

}  // namespace cryptostream
