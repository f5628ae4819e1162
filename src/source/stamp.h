#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace cryptostream {

// A time from a recorder's decimal number of s, ms, us or ns since 1970, told apart by its size (a second number has at most 11
// digits, which lasts until the year 5138). Cut to microseconds. nullopt when it is no such number.
std::optional<Timestamp> StampOf(std::string_view number);

}  // namespace cryptostream
