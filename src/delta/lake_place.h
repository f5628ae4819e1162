#pragma once

#include <filesystem>
#include <optional>

#include "market/schema.h"

namespace cryptostream {

// Where the tables of a lake lie. Up to format 2 the windows of every source lay where the chosen ones lie now; such a lake is read as it
// is, and each table moves by itself when it is upgraded (maintain/upgrade.h).

// True while the table lies in its former place: nothing is in its own, and what is there is of an earlier format.
bool LiesInFormerPlace(const std::filesystem::path& root, const TableLayout& layout);
// The table's folder, whether it is there yet or not; nullopt for one whose place another table has not left yet: it is not made.
std::optional<std::filesystem::path> PlaceOf(const std::filesystem::path& root, const TableLayout& layout);
// The table that a reader takes for this one: itself, or of a lake without chosen tables every source's, which they are made of.
const TableLayout& ReadInItsPlace(const std::filesystem::path& root, const TableLayout& layout);

}  // namespace cryptostream
