#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "query/sql_value.h"

namespace cryptostream {

enum class RowFormat { kTable, kCsv, kJson };

struct PrintOptions {
  RowFormat format = RowFormat::kTable;
  std::size_t width = 0;  // of a table: numbers are shortened until it fits; 0: as wide as it comes, every digit
};

// Prints a result while it is read: an aligned table for people, CSV (RFC 4180 with LF, header first, null empty, a struct as one
// column a field: window_start), or JSON (one array of objects, nested as the columns are). Numbers in their shortest exact form, times
// in RFC 3339, bytes that are no text as \x.. in hex. Holds at most the first rows of a table, to find its widths.
class RowPrinter {
 public:
  RowPrinter(const PrintOptions& options, std::ostream& out);
  // Requires: before the first row.
  void Begin(const std::vector<SqlColumn>& columns);
  // Out: false when the output takes no more.
  bool Row(const std::vector<SqlValue>& row);
  void End();
  std::size_t rows() const { return rows_; }

 private:
  std::vector<std::string> Cells(const std::vector<SqlValue>& row) const;
  void PrintCsv(const std::vector<std::string>& cells);
  void PrintHeld();
  void PrintLine(const std::vector<std::string>& cells);

  const PrintOptions options_;
  std::ostream& out_;
  std::vector<SqlColumn> given_;
  std::vector<SqlColumn> columns_;  // as printed: of CSV and a table without structs
  std::vector<std::string> names_;  // no two alike
  std::vector<std::vector<SqlValue>> held_;
  std::vector<std::size_t> widths_;
  int digits_ = 0;  // 0: all
  bool holding_ = true;
  std::size_t rows_ = 0;
};

// Prints rows that are in memory.
void PrintRows(const SqlRows& rows, const PrintOptions& options, std::ostream& out);
inline void PrintRows(const SqlRows& rows, RowFormat format, std::ostream& out) { PrintRows(rows, PrintOptions{format}, out); }

// The columns' names, no two alike: "a", "a_1" for two columns "a". JSON and the readers of CSV keep only the last of two alike.
std::vector<std::string> DistinctNames(const std::vector<SqlColumn>& columns);

// One value as text: null is "", what is nested is JSON without names.
std::string SqlValueText(const SqlValue& value);

}  // namespace cryptostream
