#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "source/line_reader.h"

namespace cryptostream {

// A hash of a recording's lines so far, each taken together with all before it: two recordings with the same chain after n lines
// have the same n lines. 64 bits, against accidents and not against an enemy. Line ends and packing are no part of it.
class LineChain {
 public:
  // A part of a recording begins. In: its format's name, because the same lines mean something else under another.
  void Begin(std::string_view format);
  void Add(const Line& line);

  std::int64_t lines() const { return lines_; }
  std::uint64_t value() const { return value_; }
  // True after 64, 128, 256 ... lines: where it is written down, so that it can be said later up to where two recordings are the same.
  bool at_mark() const { return IsMark(lines_); }
  static constexpr std::int64_t kFirstMark = 64;
  static bool IsMark(std::int64_t lines) { return lines >= kFirstMark && std::has_single_bit(static_cast<std::uint64_t>(lines)); }

 private:
  std::int64_t lines_ = 0;
  std::uint64_t value_ = 0;
};

}  // namespace cryptostream
