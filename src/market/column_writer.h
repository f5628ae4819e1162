#pragma once

#include <arrow/api.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "market/tick.h"

namespace cryptostream {

inline Error FromArrow(const arrow::Status& status) {
  ErrorKind kind = status.IsOutOfMemory() ? ErrorKind::kUnavailable : ErrorKind::kInternal;
  return Error{kind, "cannot build columns: reason=" + status.ToString(), {}};
}

// Fills the columns of a layout, one after the other in its order, the partition columns (which come last in every layout)
// left out. Memory is reserved up front, so the appends cannot fail.
class ColumnWriter {
 public:
  ColumnWriter(const arrow::Schema& schema, std::size_t columns, std::size_t rows)
      : schema_(schema), columns_(columns), rows_(rows) {}

  template <class Value>  // Value(i) -> double, kNull for null
  void Doubles(Value value) {
    arrow::DoubleBuilder builder;
    Reserve(builder);
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      double v = value(i);
      if (IsNull(v))
        builder.UnsafeAppendNull();
      else
        builder.UnsafeAppend(v);
    }
    Finish(builder);
  }

  template <class Builder, class Value>  // Value(i) -> optional integer
  void Integers(Value value) {
    Builder builder;
    Reserve(builder);
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      if (auto v = value(i))
        builder.UnsafeAppend(*v);
      else
        builder.UnsafeAppendNull();
    }
    Finish(builder);
  }

  template <class Value>  // Value(i) -> Timestamp, kNoTime for null
  void Times(Value value) {
    arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
    Reserve(builder);
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      Timestamp t = value(i);
      if (t == kNoTime)
        builder.UnsafeAppendNull();
      else
        builder.UnsafeAppend(ToMicros(t));
    }
    Finish(builder);
  }

  template <class Builder = arrow::StringBuilder, class Value>  // Value(i) -> optional<string_view>
  void Strings(Value value) {
    Builder builder;
    Reserve(builder);
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      auto v = value(i);
      status_ = v ? builder.Append(*v) : builder.AppendNull();
    }
    Finish(builder);
  }

  void Add(std::shared_ptr<arrow::Array> column) { arrays_.push_back(std::move(column)); }

  Result<std::shared_ptr<arrow::Table>> Done() {
    if (!ok()) return std::unexpected(FromArrow(status_));
    CS_CHECK(arrays_.size() == columns_);
    arrow::FieldVector fields(schema_.fields().begin(), schema_.fields().begin() + static_cast<long>(columns_));
    return arrow::Table::Make(arrow::schema(std::move(fields)), arrays_, static_cast<std::int64_t>(rows_));
  }

 private:
  bool ok() const { return status_.ok(); }
  void Reserve(arrow::ArrayBuilder& builder) {
    if (ok()) status_ = builder.Reserve(static_cast<std::int64_t>(rows_));
  }
  void Finish(arrow::ArrayBuilder& builder) {
    std::shared_ptr<arrow::Array> array;
    if (ok()) status_ = builder.Finish(&array);
    if (ok()) arrays_.push_back(std::move(array));
  }

  const arrow::Schema& schema_;
  const std::size_t columns_, rows_;
  arrow::Status status_;
  arrow::ArrayVector arrays_;
};

}  // namespace cryptostream
