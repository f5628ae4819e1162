// Comparing rows of Arrow columns, and walking a data file in sorted order. Written by hand instead of with Arrow's compute kernels: a merge
// needs to compare rows of different batches, which those cannot, and a sort of one batch is then three lines more.
#include "maintain/sort_cursor.h"

#include <arrow/api.h>

#include <algorithm>
#include <numeric>

namespace cryptostream {
namespace {

// A column by its dotted name, out of structs.
arrow::Result<std::shared_ptr<arrow::Array>> Find(const arrow::RecordBatch& rows, const std::string& name) {
  auto dot = name.find('.');
  auto column = rows.GetColumnByName(name.substr(0, dot));
  if (!column) return arrow::Status::Invalid("no such column: ", name);
  if (dot == name.npos) return column;
  const auto& parent = static_cast<const arrow::StructArray&>(*column);
  int child = parent.struct_type()->GetFieldIndex(name.substr(dot + 1));
  if (child < 0) return arrow::Status::Invalid("no such column: ", name);
  return parent.GetFlattenedField(child);
}

template <class T>
int Sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

Result<SortKeys> SortKeys::Of(const arrow::RecordBatch& rows, const std::vector<std::string>& columns) {
  SortKeys keys;
  for (const std::string& name : columns) {
    auto found = Find(rows, name);
    if (!found.ok()) return Internal("cannot sort: reason=" + found.status().message());
    Column column{*found};
    switch ((*found)->type_id()) {
      case arrow::Type::TIMESTAMP: column.longs = static_cast<const arrow::TimestampArray&>(**found).raw_values(); break;
      case arrow::Type::INT64: column.longs = static_cast<const arrow::Int64Array&>(**found).raw_values(); break;
      case arrow::Type::INT32: column.ints = static_cast<const arrow::Int32Array&>(**found).raw_values(); break;
      case arrow::Type::STRING: break;
      default: return Internal("cannot sort by a column of this type: column=" + name);
    }
    keys.columns_.push_back(std::move(column));
  }
  return keys;
}

int SortKeys::Compare(const SortKeys& a, std::int64_t i, const SortKeys& b, std::int64_t j) {
  for (std::size_t c = 0; c < a.columns_.size(); ++c) {
    const Column& x = a.columns_[c];
    const Column& y = b.columns_[c];
    bool no_x = x.array->IsNull(i), no_y = y.array->IsNull(j);
    int order = no_x || no_y ? Sign(no_y, no_x)
                : x.longs    ? Sign(x.longs[i], y.longs[j])
                : x.ints     ? Sign(x.ints[i], y.ints[j])
                             : Sign(static_cast<const arrow::StringArray&>(*x.array).GetView(i),
                                    static_cast<const arrow::StringArray&>(*y.array).GetView(j));
    if (order != 0) return order;
  }
  return 0;
}

Result<SortCursor> SortCursor::Open(std::unique_ptr<DataFileReader> reader, std::vector<std::string> columns, bool sorted) {
  SortCursor cursor;
  cursor.reader_ = std::move(reader);
  cursor.columns_ = std::move(columns);
  cursor.sorted_ = sorted;
  CS_TRY(cursor.Load());
  return cursor;
}

// The next piece of a sorted file; all of an unsorted one.
Status SortCursor::Load() {
  std::vector<std::shared_ptr<arrow::Table>> pieces;
  rows_ = nullptr;
  at_ = 0;
  do {
    CS_ASSIGN(auto piece, reader_->Next());
    if (!piece) break;
    if (piece->num_rows() > 0) pieces.push_back(std::move(piece));
  } while (!sorted_ || pieces.empty());
  if (pieces.empty()) return {};
  auto all = arrow::ConcatenateTables(pieces);
  pieces.clear();
  auto batch = all.ok() ? (*all)->CombineChunksToBatch() : all.status();
  if (!batch.ok()) return Internal("cannot join the rows of a file: reason=" + batch.status().message());
  rows_ = *batch;
  CS_ASSIGN(keys_, SortKeys::Of(*rows_, columns_));
  if (sorted_) return {};
  order_.resize(static_cast<std::size_t>(rows_->num_rows()));
  std::iota(order_.begin(), order_.end(), 0);
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::int64_t a, std::int64_t b) { return SortKeys::Compare(keys_, a, keys_, b) < 0; });
  return {};
}

std::int64_t SortCursor::RunBefore(const SortCursor* other) const {
  std::int64_t count = 1;
  while (at_ + count < rows_->num_rows()) {
    std::int64_t next = sorted_ ? at_ + count : order_[static_cast<std::size_t>(at_ + count)];
    if (next != row() + count) break;
    if (other && SortKeys::Compare(keys_, next, other->keys_, other->row()) > 0) break;
    ++count;
  }
  return count;
}

Status SortCursor::Advance(std::int64_t count) {
  at_ += count;
  if (at_ < rows_->num_rows()) return {};
  if (sorted_) return Load();
  rows_ = nullptr;
  return {};
}

}  // namespace cryptostream
