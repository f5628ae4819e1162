#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "lake/lake.h"

namespace cryptostream {

// What a table lacks of this program's format.
struct TableUpgrade {
  std::string table;
  int format = 0;                    // that it has
  std::vector<std::string> columns;  // that it gets, null in the rows that are there
  std::size_t days = 0;              // of gold's windows, to be compared with silver
  bool chooses = false;              // the chosen rows are still to be made of its own
};

// What there is to do to a lake. A lake's format is the least of its tables'.
struct UpgradePlan {
  int from = 0;
  std::vector<TableUpgrade> tables;  // those with something to do
  bool chooses = false;              // gold is still to be chosen
  std::int64_t room_bytes = 0;       // what it takes on the disk if every row differs
  bool needed() const { return !tables.empty(); }
  // "from format 1 to 2: columns for silver (quote, ...); 3 days of gold_sources are compared with silver"
  std::string Words() const;
};

// Looks at a lake and changes nothing. Errors: NotFound (no lake), Invalid (a newer format: says so), Corrupt, Unavailable.
Result<UpgradePlan> PlanUpgrade(const std::filesystem::path& root);

using UpgradeProgress = std::function<void(std::size_t days_done, std::size_t days)>;

// Opens a lake as its writer, of whatever earlier format it is, and brings it to this program's before anybody writes a row. Stopped or
// killed anywhere it goes on at the next call. Errors: as of Lake::Open; Cancelled; Unavailable (too little room on the disk, before
// anything was changed; or as of the tables).
Result<std::unique_ptr<Lake>> OpenUpgraded(const LakeOptions& options, StopToken stop, const UpgradeProgress& progress = {});

}  // namespace cryptostream
