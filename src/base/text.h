#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cryptostream {

// The candidate nearest to `word` by edit distance, or empty when none is near: for "did you mean" in messages.
std::string Nearest(std::string_view word, std::span<const std::string> candidates);
// `bytes` made safe to print on one line: at most `limit` bytes, control and non-ASCII bytes escaped as \xNN.
std::string Printable(std::string_view bytes, std::size_t limit = 200);
// True when `bytes` is well-formed UTF-8 (no surrogates, no overlong forms).
bool IsUtf8(std::string_view bytes);
// ASCII's capitals in lower case, the rest as it is.
std::string LowerCase(std::string_view text);
// The integer that the whole of `text` is, in decimal digits; nullopt for anything else, one that is out of range among it.
template <class Integer>
std::optional<Integer> IntegerOf(std::string_view text) {
  Integer value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
// Decodes a URI's %XX (and '+' in a query). False when malformed or when it hides a NUL.
bool PercentDecode(std::string_view text, bool plus_is_space, std::string& out);
// Encodes everything but a URI's unreserved characters.
std::string PercentEncode(std::string_view text);

}  // namespace cryptostream
