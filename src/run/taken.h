#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "lake/tally.h"

namespace cryptostream {

// What else to look at when little of a recording was taken.
inline constexpr std::string_view kFormHint = "for another form of recording see --format";

// Says what became of an input, in a line of the log. In: what it was ("replay"); a hint for when little was taken. Errors: Invalid, with
// what to do, when nothing or next to nothing of it was taken: then the run was no success, whatever went well technically.
Status TellTaken(const std::string& what, const Tally::Counts& counts, std::string_view hint = {});

}  // namespace cryptostream
