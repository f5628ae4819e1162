#pragma once

#include "delta/table.h"

namespace cryptostream {

// What a reader that stands at a version needs of a table's log: the commits after it, or the table as it was there.
enum class LogNeed { kCommitsAfter, kTableAt };

// For a read that did not find what it needs: a disk that is away comes back, commits that somebody has removed do not.
// Errors: Corrupt, with the versions and the way out.
Status CheckNotCut(const Table& table, Version version, LogNeed need);

}  // namespace cryptostream
