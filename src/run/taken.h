#pragma once

#include <string>

#include "base/result.h"
#include "lake/tally.h"

namespace cryptostream {

// Says what became of an input, in a line of the log. In: what it was ("replay"). Errors: Invalid, with what to do, when nothing or next to
// nothing of it was taken: then the run was no success, whatever went well technically.
Status TellTaken(const std::string& what, const Tally::Counts& counts);

}  // namespace cryptostream
