#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cryptostream {

// What a file that starts so is, and what to do, where it is known and no text: "xz-compressed (unpack it: ...)". nullopt: it may be text.
// In: the first bytes, a few hundred where there are so many.
std::optional<std::string> ForeignForm(std::string_view start);

// The same of text that is not UTF-8 by design: UTF-16 and UTF-32.
std::optional<std::string> ForeignText(std::string_view start);

// The byte order mark that a UTF-8 text may begin with and that is no part of it.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace cryptostream
