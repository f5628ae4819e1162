// The second reading of JSON (RFC 8259, nothing beyond it): a cursor that goes over the text once, with a stack of its own.
#include "verify/second_json.h"

#include <algorithm>
#include <string>

#include "verify/second_number.h"

namespace cryptostream {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void AppendUtf8(unsigned code, std::string& out) {
  auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

}  // namespace

void JsonCursor::SkipSpace() {
  while (!AtEnd() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
}

bool JsonCursor::Take(char mark) {
  SkipSpace();
  if (Peek() != mark || AtEnd()) return false;
  ++at_;
  SkipSpace();
  return true;
}

std::optional<unsigned> JsonCursor::TakeHex() {
  if (text_.size() - at_ < 4) return std::nullopt;
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    char c = text_[at_++];
    unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                            : 16;
    if (digit == 16) return std::nullopt;
    value = value * 16 + digit;
  }
  return value;
}

// What follows a backslash.
bool JsonCursor::TakeEscape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  char c = Peek();
  if (AtEnd()) return false;
  ++at_;
  if (auto known = kNames.find(c); known != std::string_view::npos) {
    out += kMeanings[known];
    return true;
  }
  if (c != 'u') return false;
  auto code = TakeHex();
  if (!code || (*code >= 0xDC00 && *code < 0xE000)) return false;
  if (*code >= 0xD800 && *code < 0xDC00) {  // the first half of a character beyond 16 bits
    if (text_.substr(at_, 2) != "\\u") return false;
    at_ += 2;
    auto low = TakeHex();
    if (!low || *low < 0xDC00 || *low >= 0xE000) return false;
    code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
  }
  AppendUtf8(*code, out);
  return true;
}

std::optional<std::string> JsonCursor::TakeString() {
  if (Peek() != '"') return std::nullopt;
  ++at_;
  std::string out;
  while (!AtEnd()) {
    char c = text_[at_++];
    if (c == '"') return out;
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    if (c != '\\') {
      out += c;
    } else if (!TakeEscape(out)) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::string_view JsonCursor::TakeScalar() {
  std::size_t end = std::min(text_.find_first_of(" \t\r\n,:[]{}", at_), text_.size());
  std::string_view out = text_.substr(at_, end - at_);
  at_ = end;
  return out;
}

bool JsonCursor::SkipScalar() {
  if (Peek() == '"') return TakeString().has_value();
  std::string_view text = TakeScalar();
  return text == "true" || text == "false" || text == "null" || IsNumberText(text);
}

JsonValueShape JsonCursor::SkipValue() {
  std::string open;  // the containers that we are in
  JsonValueShape shape;
  SkipSpace();
  while (true) {  // a value begins here
    char c = Peek();
    shape.depth = std::max(shape.depth, open.size() + 1);
    if (c == '{' || c == '[') {
      Take(c);
      open += c;
      if (!Take(c == '{' ? '}' : ']')) {
        if (c == '{' && (!TakeString() || !Take(':'))) return shape;
        continue;
      }
      open.pop_back();
    } else if (!SkipScalar()) {
      return shape;
    }
    while (!open.empty() && Take(open.back() == '{' ? '}' : ']')) open.pop_back();  // it has ended, perhaps those around it too
    if (open.empty()) break;
    if (!Take(',')) return shape;
    if (open.back() == '{' && (!TakeString() || !Take(':'))) return shape;
  }
  SkipSpace();
  shape.valid = true;
  return shape;
}

}  // namespace cryptostream
