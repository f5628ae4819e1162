// Messages on their way to bronze, stored as Arrow stores strings (one buffer of bytes, one of end offsets).
#include "market/raw_batch.h"

#include <algorithm>

#include "base/check.h"

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

RawBatch::Row RawBatch::row(std::size_t i) const {
  auto slice = [i](const std::string& bytes, const std::vector<std::int32_t>& ends) {
    return std::string_view(bytes).substr(static_cast<std::size_t>(ends[i]), static_cast<std::size_t>(ends[i + 1] - ends[i]));
  };
  std::optional<std::string_view> key;
  if (has_key_[i]) key = slice(keys_, key_ends_);
  return Row{key, slice(values_, value_ends_), received_[i], offsets_[i]};
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
