#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stop.h"
#include "source/byte_stream.h"

namespace cryptostream {

struct Line {
  std::int64_t number = 0;      // from 0
  std::string_view text;        // without its end; lives until the next Next()
  std::uint64_t cut_bytes = 0;  // that stood behind `text` and were dropped: the line is longer than the limit
  std::uint64_t next_byte = 0;  // of the unpacked text, where the next line begins
  bool ended = true;            // false for a last line without a line end, which may go on when the file grows
};

// Reads lines of UTF-8 text of a file or stdin ("-"), plain, gzip or zstd, told by the first bytes. A byte order mark is passed over. Memory
// is bounded by the line limit plus one chunk, however long a line is. One thread.
class LineReader {
 public:
  // Errors: NotFound, Invalid, Unavailable.
  static Result<std::unique_ptr<LineReader>> Open(const std::filesystem::path& path, std::size_t max_line_bytes);

  // The next line, or nullopt at the end. Errors, each after the whole lines before it: Invalid when the packed data break or end too early,
  // or what comes is no UTF-8 text by design (UTF-16, xz, zip, ...): says what; Unavailable when the file cannot be read; Cancelled.
  Result<std::optional<Line>> Next(const StopToken& stop);
  // Bytes of the file consumed so far, compressed as they are, and the file's size (0 for stdin): for progress.
  std::uint64_t bytes_done() const { return stream_->bytes_done(); }
  std::uint64_t bytes_total() const { return stream_->bytes_total(); }
  // True for bytes that came as they are, not packed.
  bool plain() const { return stream_->plain(); }

 private:
  LineReader(std::unique_ptr<ByteStream> stream, std::string name, std::size_t max_line_bytes);
  Status Begin(const StopToken& stop);
  Status Fill(const StopToken& stop);
  Line TakeLine(std::size_t end, std::size_t next);
  void CutPending();

  const std::unique_ptr<ByteStream> stream_;
  const std::string name_;
  std::uint64_t filled_ = 0;  // bytes of text that came
  bool begun_ = false;
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
