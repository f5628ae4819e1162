// Bronze, quarantine and gaps cannot be made anew from anything, so nothing may leave them but by retention.
// In: the replayed log. Out: whether a commit took rows out. That each compaction puts back as many as it
// took is looked at for every table (verify_log.cc).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "delta/position.h"
#include "verify/verify_parts.h"

namespace cryptostream {

Check CheckKept(const TableLog& log) {
  Check check{log.layout->name + ": rows stay but for retention", true, "", {}};
  std::set<Version> by_retention;
  for (const PositionAction& position : log.positions) {
    if (log.position_ids[position.id] == AppId("retained-from")) by_retention.insert(position.version);
  }
  for (const FileAction& action : log.files) {
    if (action.add || !action.known || !action.data_change || by_retention.contains(action.version)) continue;
    Wrong(check, fmt::format("version={} file={}: its rows were taken out", action.version, action.path));
  }
  return check;
}

}  // namespace cryptostream
