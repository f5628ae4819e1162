#pragma once

#include <ostream>
#include <string>

#include "query/sql_value.h"

namespace cryptostream {

enum class RowFormat { kTable, kCsv, kJson };

// Prints rows: an aligned table for people, CSV (RFC 4180, header first, null empty), or JSON (one array of objects). Numbers in
// their shortest exact form, times in RFC 3339, bytes as \x.. in text.
void PrintRows(const SqlRows& rows, RowFormat format, std::ostream& out);

// One value as text: null is "".
std::string SqlValueText(const SqlValue& value);

}  // namespace cryptostream
