// The outermost level of a JSON array, cut by brackets and strings alone. A JSON parser would refuse the whole text for one
// byte that is not UTF-8, or one number that is none, in one element; here those stay inside their element and are judged with it.
// Depth is a counter, not a stack of calls, so 10,000 brackets cost 10,000 steps.
#include "source/json_array.h"

namespace cryptostream {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void SkipSpace(std::string_view text, std::size_t& pos) {
  while (pos < text.size() && kSpace.find(text[pos]) != std::string_view::npos) ++pos;
}

// Moves past the string that starts at `pos`; false when it does not end.
bool SkipString(std::string_view text, std::size_t& pos) {
  for (++pos; pos < text.size(); ++pos) {
    if (text[pos] == '\\') {
      ++pos;
    } else if (text[pos] == '"') {
      ++pos;
      return true;
    }
  }
  return false;
}

// Moves past the element that starts at `pos`, up to the comma or bracket that ends it; false when the text ends before.
bool SkipElement(std::string_view text, std::size_t& pos) {
  std::size_t depth = 0;
  while (pos < text.size()) {
    char c = text[pos];
    if (c == '"') {
      if (!SkipString(text, pos)) return false;
      continue;
    }
    if (depth == 0 && (c == ',' || c == ']')) return true;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    ++pos;
  }
  return false;
}

std::string_view WithoutTrailingSpace(std::string_view text) {
  auto end = text.find_last_not_of(kSpace);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

}  // namespace

std::expected<std::vector<std::string_view>, std::string> SplitJsonArray(std::string_view text) {
  std::vector<std::string_view> elements;
  std::size_t pos = 0;
  SkipSpace(text, pos);
  if (pos == text.size()) return std::unexpected("empty body");
  if (text[pos] != '[') return std::unexpected("not an array");
  SkipSpace(text, ++pos);
  bool closed = pos < text.size() && text[pos] == ']';
  while (!closed) {
    SkipSpace(text, pos);
    std::size_t start = pos;
    if (!SkipElement(text, pos)) return std::unexpected("cut short: the array does not end");
    elements.push_back(WithoutTrailingSpace(text.substr(start, pos - start)));
    if (elements.back().empty()) return std::unexpected("malformed array: an element is missing");
    closed = text[pos] == ']';
    if (!closed) ++pos;
  }
  SkipSpace(text, ++pos);
  if (pos != text.size()) return std::unexpected("malformed array: text after its end");
  return elements;
}

}  // namespace cryptostream
