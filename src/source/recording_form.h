#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/line_decoder.h"

namespace cryptostream {

// True when a line may be one of this format, a bad one too. Looks at its shape only.
bool MayBe(ReplayFormat format, std::string_view line);

// True when a line of this format may begin so: of one that is still being written.
bool MayBegin(ReplayFormat format, std::string_view line);

// What a line looks like that is not of the format asked for, and what to do about it: "it looks like coingecko-markets: use --format ...".
std::string FormHint(ReplayFormat asked, std::string_view line);

// True when the JSON value in a line without an end is whole, so that the line cannot go on when its file grows.
bool IsWholeValue(std::string_view line);

}  // namespace cryptostream
