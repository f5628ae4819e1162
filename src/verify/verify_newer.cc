// What is newer than a log's last commit. In: the listing, and the positions of the other tables. Out: each
// such file, and whether it may be set aside. The kernel takes a checkpoint above the last commit for the
// table and goes on behind it: the commits between are then missing for good. It is what a restored or
// rolled-back log leaves, and worth nothing; or the commits are what was lost, and it is their only copy. A
// later table that has read past the last commit tells: then the commits were real, and a person decides.
#include <fmt/format.h>

#include <algorithm>

#include "delta/position.h"
#include "verify/verify_parts.h"

namespace cryptostream {

std::optional<ReadPast> FindReadPast(const std::string& table_id, Version last, const TableLog& by) {
  // The positions whose value is a version of the table before.
  std::set<std::string> reads{SilverPositionId(table_id), GoldPositionId(table_id), CorrectedId(table_id),
                              QuarantineId("silver", table_id)};
  for (const DerivedTable* each : DerivedTables()) reads.insert(RollupPositionId(each->position, table_id));
  std::optional<ReadPast> found;
  for (const PositionAction& action : by.positions) {
    const std::string& id = by.position_ids[action.id];
    if (!reads.contains(id) || action.value <= std::max(last, found ? found->version : kNoVersion)) continue;
    found = ReadPast{by.layout->name, id, action.value};
  }
  return found;
}

Check CheckNewer(const TableLog& log, const PinnedTables& tables) {
  Check check{log.layout->name + ": no file of the log is newer than its last commit", true, "", {}};
  std::optional<ReadPast> past;
  for (const auto& [name, other] : tables) {
    if (auto found = FindReadPast(log.table_id, log.version, other); found && !past) past = found;
  }
  std::string todo = "`verify --repair` sets it aside";
  if (past) {
    todo = fmt::format(
        "{} has read up to {} ({}), so the commits from {} on were there: put them back from a backup, or decide by hand",
        past->table, past->version, past->position, log.version + 1);
  }
  for (const std::string& name : log.listing.NewerThanLast()) {
    Wrong(check, fmt::format("version={} file={}: the last commit is {}, a writer would go on behind this file ({})",
                             std::stoll(name.substr(0, 20)), name, log.version, todo));
  }
  check.detail = fmt::format("last version {}", log.version);
  return check;
}

}  // namespace cryptostream
