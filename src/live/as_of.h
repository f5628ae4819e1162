#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "base/result.h"
#include "live/follower.h"
#include "market/schema.h"

namespace cryptostream {

// Which version of a table is asked for: its number, or the newest one that was committed at or before a time.
struct AsOf {
  std::optional<Version> version;
  std::optional<Timestamp> time;
};

// Opens a table as it was. In: the storage root. Out: the version; its closed times with it.
// Errors: NotFound (no such table, or the version lies outside of what the log keeps: says the range that there is), Corrupt, Unavailable.
Result<FollowedTable> OpenAsOf(const std::filesystem::path& root, const TableLayout& layout, const AsOf& as_of);

// The tables of windows as they were together: a version is that of every source's minutes, the others as of its commit's time. A table that was
// made later is left out. Errors: as above.
Result<std::map<const TableLayout*, FollowedTable>> OpenWindowsAsOf(const std::filesystem::path& root, const AsOf& as_of);

}  // namespace cryptostream
