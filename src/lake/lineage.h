#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "delta/table.h"
#include "market/schema.h"

namespace cryptostream {

// What a table is made of, and where its position is: the app id is the prefix and that table's id.
struct MadeOf {
  const TableLayout* layout;
  std::string position_prefix;
};

// nullopt for a table that is made of no other.
std::optional<MadeOf> UpstreamOf(const TableLayout& layout);

// A table that was deleted, copied in or restored from elsewhere has another id than the one that the next table's position names; going on
// would read it all again. Errors: Corrupt (says what to put back or to rebuild), as of the table.
Status CheckLineage(const Table& table, const TableLayout& layout, const Table& upstream);

}  // namespace cryptostream
