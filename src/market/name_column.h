#pragma once

#include <arrow/api.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "market/name.h"

namespace cryptostream {

// The type of a column of names on its way into a file: indices into the names, each of which is there once. Parquet's writer takes it
// without hashing a text a row; the files hold plain strings all the same.
const std::shared_ptr<arrow::DataType>& NameType();

// The different names of a column. All blocks of a column share one, or Parquet's writer would give up its dictionary.
class NameDictionary {
 public:
  // Takes in a name; the empty one stands for null.
  void Add(Name name) {
    if (name.empty()) has_null_ = true;
    if (name.empty() || name == last_) return;
    last_ = name;
    if (index_.try_emplace(name, static_cast<std::int32_t>(names_.size())).second) names_.push_back(name);
  }
  // Call when all names are in. Errors: out of memory.
  arrow::Status Finish();

  // A block of the column: name(i) for i < rows, all of which were added. Nothing but nulls when no name was.
  template <class NameOf>
  arrow::Result<std::shared_ptr<arrow::Array>> Column(std::size_t rows, NameOf name) const {
    if (names_.empty()) return arrow::MakeArrayOfNull(arrow::utf8(), static_cast<std::int64_t>(rows));
    if (names_.size() == 1 && !has_null_) {  // one source, one currency: no row need be looked at
      ARROW_ASSIGN_OR_RAISE(auto zeros, arrow::MakeArrayFromScalar(arrow::Int32Scalar(0), static_cast<std::int64_t>(rows)));
      return arrow::DictionaryArray::FromArrays(NameType(), zeros, texts_);
    }
    arrow::Int32Builder indices;
    ARROW_RETURN_NOT_OK(indices.Reserve(static_cast<std::int64_t>(rows)));
    std::pair<Name, std::int32_t> last{names_.front(), 0};
    for (std::size_t i = 0; i < rows; ++i) {
      Name of_row = name(i);
      if (of_row.empty()) {
        indices.UnsafeAppendNull();
        continue;
      }
      if (of_row != last.first) last = {of_row, index_.at(of_row)};
      indices.UnsafeAppend(last.second);
    }
    ARROW_ASSIGN_OR_RAISE(auto array, indices.Finish());
    return arrow::DictionaryArray::FromArrays(NameType(), array, texts_);
  }

 private:
  boost::unordered_flat_map<Name, std::int32_t, std::hash<Name>> index_;
  std::vector<Name> names_;  // in the order of their indices
  Name last_;
  bool has_null_ = false;
  std::shared_ptr<arrow::Array> texts_;
};

}  // namespace cryptostream
