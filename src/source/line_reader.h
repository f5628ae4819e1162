#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stop.h"

namespace cryptostream {

struct Line {
  std::int64_t number = 0;      // from 0
  std::string_view text;        // without its end; lives until the next Next()
  std::uint64_t cut_bytes = 0;  // that stood behind `text` and were dropped: the line is longer than the limit
};

// Reads lines of a file (plain, gzip or zstd, told by its first bytes) or of stdin ("-", plain only). Memory is bounded by the line limit
// plus one chunk, however long a line is. One thread.
class LineReader {
 public:
  // Errors: NotFound, Invalid, Unavailable.
  static Result<std::unique_ptr<LineReader>> Open(const std::filesystem::path& path, std::size_t max_line_bytes);

  // The next line, or nullopt at the end. Errors: Invalid when the compressed data break or end too early; Unavailable when the
  // file cannot be read; Cancelled.
  Result<std::optional<Line>> Next(const StopToken& stop);
  // Bytes of the file consumed so far, compressed as they are, and the file's size (0 for stdin): for progress.
  std::uint64_t bytes_done() const { return bytes_done_(); }
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  // Fills up to `size` bytes; 0 at the end.
  using ReadFunction = std::function<Result<std::size_t>(char* to, std::size_t size, const StopToken& stop)>;

  LineReader(ReadFunction read, std::size_t max_line_bytes);
  Status Fill(const StopToken& stop);
  Line TakeLine(std::size_t end, std::size_t next);
  void CutPending();

  ReadFunction read_;
  std::function<std::uint64_t()> bytes_done_ = [] { return 0; };
  std::uint64_t bytes_total_ = 0;
  const std::size_t max_line_bytes_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0, scanned_ = 0, end_ = 0;  // pending bytes are [begin_, end_), no line end before scanned_
  bool at_end_ = false;
  bool cutting_ = false;  // inside a line that is too long: its first bytes are in head_
  std::string head_;
  std::uint64_t cut_bytes_ = 0;
  std::int64_t next_number_ = 0;
};

}  // namespace cryptostream
