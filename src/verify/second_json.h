#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cryptostream {

// What was seen of a value.
struct JsonValueShape {
  bool valid = false;
  std::size_t depth = 0;  // of the deepest value in it; 1: it is a scalar, or an empty container
};

// JSON text taken piece by piece, for verification: by other code than the engine's (simdjson). Nothing is built; a text of a million
// brackets costs a million steps and no stack.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  void SkipSpace();
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  // Moves past `mark` and the space around it; false when another character stands there.
  bool Take(char mark);
  // A string with its escapes resolved. nullopt: it is none, or does not end, or holds what no string may.
  std::optional<std::string> TakeString();
  // The characters up to the next space or mark: a number, a literal, or what should be one.
  std::string_view TakeScalar();
  // Moves past a value of any kind, or up to where it is no JSON.
  JsonValueShape SkipValue();

 private:
  bool SkipScalar();
  bool TakeEscape(std::string& out);
  std::optional<unsigned> TakeHex();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace cryptostream
