#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cryptostream {

// The columns that get statistics, as dotted names ("window.start"): integers, dates, timestamps and coin_id. No floats: a
// NaN has no place in a minimum, and nobody looks for a price by file.
std::vector<std::string> StatisticsColumns(const arrow::Schema& schema);

// The statistics of a file's rows as the Delta protocol writes them: numRecords, and minValues, maxValues and nullCount
// of StatisticsColumns. Timestamps in milliseconds, the minimum rounded down and the maximum up, so that they enclose the
// microseconds of the data. Takes the rows piece by piece.
class StatisticsBuilder {
 public:
  explicit StatisticsBuilder(const arrow::Schema& schema);
  ~StatisticsBuilder();
  // Requires: columns as in the schema. Errors: Internal.
  Status Add(const arrow::Table& rows);
  std::string Json() const;

 private:
  struct Column;
  std::vector<Column> columns_;
  std::int64_t rows_ = 0;
};

// The statistics of rows that are all at hand. Errors: Internal.
Result<std::string> StatisticsJson(const arrow::Table& rows);

// `text` as a JSON string, quotes included.
std::string JsonString(std::string_view text);

// numRecords of a file's statistics; -1 where there is none.
std::int64_t RowsOf(std::string_view stats_json);

// The schema without metadata of the schema or its fields: equal shapes compare equal.
std::shared_ptr<arrow::Schema> WithoutMetadata(const arrow::Schema& schema);

}  // namespace cryptostream
