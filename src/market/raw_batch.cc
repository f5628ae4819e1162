// Messages on their way to bronze, stored as Arrow stores strings (one buffer of bytes, one of end offsets).
#include "market/raw_batch.h"

#include "base/check.h"

namespace cryptostream {

void RawBatch::Add(const Row& row) {
  CS_CHECK(values_.size() + row.value.size() < (std::size_t{1} << 31));
  values_.append(row.value);
  value_ends_.push_back(static_cast<std::int32_t>(values_.size()));
  has_key_.push_back(row.key.has_value());
  if (row.key) keys_.append(*row.key);
  key_ends_.push_back(static_cast<std::int32_t>(keys_.size()));
  received_.push_back(row.received);
  offsets_.push_back(row.offset);
}

RawBatch::Row RawBatch::row(std::size_t i) const {
  auto slice = [i](const std::string& bytes, const std::vector<std::int32_t>& ends) {
    std::int32_t begin = i == 0 ? 0 : ends[i - 1];
    return std::string_view(bytes).substr(begin, ends[i] - begin);
  };
  std::optional<std::string_view> key;
  if (has_key_[i]) key = slice(keys_, key_ends_);
  return Row{key, slice(values_, value_ends_), received_[i], offsets_[i]};
}

}  // namespace cryptostream
