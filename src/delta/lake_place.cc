// Which table lies where. In: the folders. Out: paths. A table in its former place is told by its format alone: the chosen table, which lies
// there later, never has such a one, and a table is moved before it is described anew.
#include "delta/lake_place.h"

#include <algorithm>

#include "delta/table.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

bool HasLogFolder(const fs::path& table) {
  std::error_code error;
  return fs::exists(table / "_delta_log", error) && !fs::is_empty(table / "_delta_log", error);
}

// The layout that lay where `layout` lies now; nullptr: none.
const TableLayout* FormerlyThere(const TableLayout& layout) {
  auto all = AllLayouts();
  auto found = std::ranges::find(all, layout.path, &TableLayout::former_path);
  return found == all.end() ? nullptr : *found;
}

}  // namespace

bool LiesInFormerPlace(const fs::path& root, const TableLayout& layout) {
  if (layout.former_path.empty() || HasLogFolder(root / layout.path) || !HasLogFolder(root / layout.former_path)) return false;
  auto table = Table::Open((fs::absolute(root).lexically_normal() / layout.former_path).string());
  if (!table) return table.error().kind != ErrorKind::kNotFound;  // cannot be told: who opens it there says what is wrong
  return FormatOf((*table)->properties()) < kChosenRows;
}

std::optional<fs::path> PlaceOf(const fs::path& root, const TableLayout& layout) {
  const fs::path absolute = fs::absolute(root).lexically_normal();
  if (LiesInFormerPlace(root, layout)) return absolute / layout.former_path;
  const TableLayout* former = FormerlyThere(layout);
  if (former != nullptr && LiesInFormerPlace(root, *former)) return std::nullopt;
  return absolute / layout.path;
}

const TableLayout& ReadInItsPlace(const fs::path& root, const TableLayout& layout) {
  const TableLayout* former = FormerlyThere(layout);
  return former != nullptr && LiesInFormerPlace(root, *former) ? *former : layout;
}

}  // namespace cryptostream
