#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "delta/log_watch.h"
#include "delta/table.h"
#include "market/schema.h"

namespace cryptostream {

// A table of a lake that somebody else writes, or will make: opened when it is there, and again when another
// one lies in its place. Used by one thread.
class TableFollower {
 public:
  TableFollower(std::filesystem::path root, const TableLayout& layout) : root_(std::move(root)), layout_(layout) {}

  // Looks for the newest version. Out: whether there is a table. Errors: Unavailable (of an earlier format:
  // it waits for the upgrade), as of the table.
  Result<bool> Look();
  // Requires: Look has found it.
  Table& table() { return *table_; }
  const TableLayout& layout() const { return layout_; }
  // Grows with each opening.
  int opened() const { return opened_; }

 private:
  const std::filesystem::path root_;
  const TableLayout& layout_;
  std::unique_ptr<Table> table_;
  std::optional<LogWatch> watch_;
  int opened_ = 0;
};

}  // namespace cryptostream
