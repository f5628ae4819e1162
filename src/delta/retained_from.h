#pragma once

#include <algorithm>

#include "delta/position.h"
#include "delta/table.h"

namespace cryptostream {

// Retention drops whole days of a table by their age. The commit that does so is an ordinary removal of files, marked in two ways:
// its operation, so that who reads the log commit by commit takes it for what it is and neither corrects nor recomputes anything;
// and a position in the table, so that whoever opens any later version knows from which day on the table is whole.
inline constexpr const char* kRetentionOperation = "retention";
inline std::string RetainedFromId() { return AppId("retained-from"); }

// True for a commit of retention: its removed rows are not wrong, only old.
inline bool IsRetention(const CommitActions& commit) { return commit.operation == kRetentionOperation; }
// The start of the first day that was not dropped; Timestamp::min() for a table that is whole.
inline Timestamp RetainedFrom(const Positions& positions) {
  auto found = positions.find(RetainedFromId());
  return found == positions.end() ? Timestamp::min() : FromMicros(found->second);
}

// From when on a table and what is made of it are both whole: what was made of earlier days stays as it is.
inline Timestamp WholeFrom(const Positions& from, const Positions& made) {
  return std::max(RetainedFrom(from), RetainedFrom(made));
}

}  // namespace cryptostream
