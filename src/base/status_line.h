#pragma once

#include <string_view>

namespace cryptostream {

// Shows one line on stderr that stays below the log: each line of the log is put above it. Replaces the one that was shown. For
// terminals only. Thread-safe.
void ShowStatusLine(std::string_view line);
// The status line stays where it is, and what follows comes after it. Does nothing when there is none.
void EndStatusLine();

}  // namespace cryptostream
