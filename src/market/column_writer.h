#pragma once

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "market/name_column.h"
#include "market/tick.h"

namespace cryptostream {

inline Error FromArrow(const arrow::Status& status) {
  ErrorKind kind = status.IsOutOfMemory() ? ErrorKind::kUnavailable : ErrorKind::kInternal;
  return Error{kind, "cannot build columns: reason=" + status.ToString(), {}};
}

// Fills the columns of a layout, one after the other in its order, the partition columns (which come last in every layout)
// left out. Values go straight into Arrow's buffers; a column without a null gets no bitmap, one of nothing but nulls no values.
// Names what went wrong in Done, not before.
class ColumnWriter {
 public:
  ColumnWriter(const arrow::Schema& schema, std::size_t columns, std::size_t rows)
      : schema_(schema), columns_(columns), rows_(rows) {}

  template <class Value>  // Value(i) -> double, kNull for null
  void Doubles(Value value) {
    Fixed<double>(value, [](double v) { return IsNull(v); });
  }
  template <class Value>  // Value(i) -> Timestamp, kNoTime for null
  void Times(Value value) {
    Fixed<std::int64_t>([&](std::size_t i) { return ToMicros(value(i)); }, [](std::int64_t v) { return v == ToMicros(kNoTime); });
  }
  template <class Integer, class Value>  // Value(i) -> optional integer
  void Integers(Value value) {
    Fixed<Integer>([&](std::size_t i) { return static_cast<Integer>(value(i).value_or(kAbsent<Integer>)); },
                   [](Integer v) { return v == kAbsent<Integer>; });
  }

  template <class Builder = arrow::StringBuilder, class Value>  // Value(i) -> optional<string_view>
  void Strings(Value value) {
    Builder builder;
    std::int64_t bytes = 0, present = 0;
    for (std::size_t i = 0; i < rows_; ++i) {
      auto v = value(i);
      present += v.has_value();
      bytes += v ? static_cast<std::int64_t>(v->size()) : 0;
    }
    if (present == 0) return Nulls();
    if (ok()) status_ = builder.Reserve(static_cast<std::int64_t>(rows_));
    if (ok()) status_ = builder.ReserveData(bytes);
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      if (auto v = value(i)) {
        builder.UnsafeAppend(*v);
      } else {
        builder.UnsafeAppendNull();
      }
    }
    Add(builder.Finish());
  }

  void Add(arrow::Result<std::shared_ptr<arrow::Array>> column) {
    if (ok()) status_ = column.status();
    arrays_.push_back(ok() ? *std::move(column) : nullptr);
  }

  // A column without a value.
  void Nulls() { Add(arrow::MakeArrayOfNull(type(), static_cast<std::int64_t>(rows_))); }

  template <class NameOf>  // NameOf(i) -> Name, empty for null
  void Names(const NameDictionary& dictionary, NameOf name) {
    Add(dictionary.Column(rows_, name));
  }

  Result<std::shared_ptr<arrow::Table>> Done() {
    if (!ok()) return std::unexpected(FromArrow(status_));
    CS_CHECK(arrays_.size() == columns_);
    arrow::FieldVector fields;  // of the types written: names come as dictionaries
    for (const auto& array : arrays_) fields.push_back(schema_.field(static_cast<int>(fields.size()))->WithType(array->type()));
    return arrow::Table::Make(arrow::schema(std::move(fields)), arrays_, static_cast<std::int64_t>(rows_));
  }

 private:
  // No row of ours has this value: the least one stands for absent in ticks too (kNoTradeId).
  template <class Integer>
  static constexpr Integer kAbsent = std::numeric_limits<Integer>::min();

  bool ok() const { return status_.ok(); }
  const std::shared_ptr<arrow::DataType>& type() const { return schema_.field(static_cast<int>(arrays_.size()))->type(); }

  template <class C, class Value, class Absent>
  void Fixed(Value value, Absent absent) {
    auto values = Take(arrow::AllocateBuffer(static_cast<std::int64_t>(rows_ * sizeof(C))));
    std::int64_t nulls = 0;
    auto* out = ok() ? reinterpret_cast<C*>(values->mutable_data()) : nullptr;
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      out[i] = value(i);
      nulls += absent(out[i]);
    }
    if (nulls == static_cast<std::int64_t>(rows_)) return Nulls();
    std::shared_ptr<arrow::Buffer> bitmap = nulls == 0 ? nullptr : Bitmap([&](std::size_t i) { return !absent(out[i]); });
    Add(ok() ? arrow::MakeArray(arrow::ArrayData::Make(type(), static_cast<std::int64_t>(rows_), {bitmap, values}, nulls))
             : nullptr);
  }

  template <class Present>
  std::shared_ptr<arrow::Buffer> Bitmap(Present present) {
    auto bits = Take(arrow::AllocateEmptyBitmap(static_cast<std::int64_t>(rows_)));
    for (std::size_t i = 0; ok() && i < rows_; ++i) {
      if (present(i)) arrow::bit_util::SetBit(bits->mutable_data(), static_cast<std::int64_t>(i));
    }
    return bits;
  }

  template <class Buffer>
  std::shared_ptr<arrow::Buffer> Take(arrow::Result<Buffer> buffer) {
    if (ok()) status_ = buffer.status();
    return ok() ? std::shared_ptr<arrow::Buffer>(buffer.MoveValueUnsafe()) : nullptr;
  }

  const arrow::Schema& schema_;
  const std::size_t columns_, rows_;
  arrow::Status status_;
  arrow::ArrayVector arrays_;
};

}  // namespace cryptostream
