#pragma once

#include <arrow/type_fwd.h>

#include <string>

namespace cryptostream {

// The text forms of rows (row_format.h).

// {"open_time":[1709683140000,...],...}: an array a column, times in milliseconds since 1970.
std::string ColumnsText(const arrow::Table& rows);
// A line of names, then a line a row.
std::string CsvText(const arrow::Table& rows);

}  // namespace cryptostream
