#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "delta/data_file.h"

namespace cryptostream {

// The sort columns of some rows, laid out for comparing. Nulls come first.
class SortKeys {
 public:
  // Errors: Internal (a column that cannot be compared).
  static Result<SortKeys> Of(const arrow::RecordBatch& rows, const std::vector<std::string>& columns);
  // Less than 0, 0 or greater, as row i of `a` comes before, with or after row j of `b`.
  static int Compare(const SortKeys& a, std::int64_t i, const SortKeys& b, std::int64_t j);

 private:
  struct Column {
    std::shared_ptr<arrow::Array> array;
    const std::int64_t* longs = nullptr;  // one of these, or it is text
    const std::int32_t* ints = nullptr;
  };
  std::vector<Column> columns_;
};

// A way through the rows of one data file in sorted order. A file that says it is sorted is read piece by piece, any other
// whole.
class SortCursor {
 public:
  // Errors: as of DataFileReader.
  static Result<SortCursor> Open(std::unique_ptr<DataFileReader> reader, std::vector<std::string> columns, bool sorted);

  bool done() const { return rows_ == nullptr; }
  const arrow::RecordBatch& rows() const { return *rows_; }
  std::int64_t row() const { return sorted_ ? at_ : order_[static_cast<std::size_t>(at_)]; }
  // How many rows from here on lie side by side in rows() and come no later than the other cursor's row; at least 1.
  std::int64_t RunBefore(const SortCursor* other) const;
  // Goes on by `count` rows of one run.
  Status Advance(std::int64_t count);
  bool Before(const SortCursor& other) const { return SortKeys::Compare(keys_, row(), other.keys_, other.row()) < 0; }

 private:
  SortCursor() = default;
  Status Load();

  std::unique_ptr<DataFileReader> reader_;
  std::vector<std::string> columns_;
  bool sorted_ = false;
  std::shared_ptr<arrow::RecordBatch> rows_;  // null at the end
  SortKeys keys_;
  std::vector<std::int64_t> order_;
  std::int64_t at_ = 0;
};

}  // namespace cryptostream
