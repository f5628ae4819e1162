#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"
#include "market/window.h"

namespace cryptostream {

// What has to change in gold so that some closed windows are again what silver says.
struct Correction {
  std::vector<GoldRow> fresh;      // windows that had no row: for an append
  std::vector<GoldRow> rewritten;  // all rows of the files in `removes`, the corrected ones in place of the old
  std::vector<DataFile> removes;
  bool empty() const { return fresh.empty() && removes.empty(); }
};

struct TableView {
  std::shared_ptr<const Snapshot> snapshot;
  std::string root_path;
};

// Recomputes `windows` from silver's pinned version and compares them bit by bit with gold's. Windows that are right already
// cost no rewrite. Errors: as of reading the tables.
Result<Correction> CorrectWindows(const TableView& silver, const TableView& gold, const std::set<WindowKey>& windows);

}  // namespace cryptostream
