#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cryptostream {

// value * 10^scale of a JSON number's text, cut (toward zero) to an integer; exact, never through a double.
// nullopt when the text is no JSON number or the result does not fit into 64 bits. "1723161254.0878917", 6 -> 1723161254087891.
std::optional<std::int64_t> ScaledDecimal(std::string_view text, int scale);

// The double nearest to a JSON number's text; nullopt when it is no JSON number, overflows, or is a non-zero number that
// would become 0.
std::optional<double> NearestDouble(std::string_view text);

// True when `text` is exactly one number in JSON's grammar.
bool IsJsonNumber(std::string_view text);

}  // namespace cryptostream
