#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace cryptostream {

// Cuts a JSON array into its elements' bytes, exactly as they stand, without looking inside them: one bad element must not
// cost its neighbours, and half an array must not pass for a whole one.
// Errors: what is wrong with the array as a whole ("empty body", "cut short", "not an array", ...).
std::expected<std::vector<std::string_view>, std::string> SplitJsonArray(std::string_view text);

}  // namespace cryptostream
