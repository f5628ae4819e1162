// Lines out of a file: unpacked bytes in (source/byte_stream), views of lines out, no allocation a line. The buffer holds one chunk and
// one line of the allowed length; a longer line keeps its first bytes and the rest is counted and dropped as it passes, so a line
// of gigabytes costs no memory. Where the bytes break off, the part of a line that is in hand is no line: it is dropped, and the error told.
#include "source/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/foreign_form.h"

namespace cryptostream {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

}  // namespace

LineReader::LineReader(std::unique_ptr<ByteStream> stream, std::string name, std::size_t max_line_bytes)
    : stream_(std::move(stream)),
      name_(std::move(name)),
      max_line_bytes_(max_line_bytes),
      buffer_(new char[max_line_bytes + kChunkBytes]),
      capacity_(max_line_bytes + kChunkBytes) {}

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::filesystem::path& path, std::size_t max_line_bytes) {
  CS_ASSIGN(auto stream, ByteStream::Open(path));
  std::string name = path == "-" ? "stdin" : path.string();
  return std::unique_ptr<LineReader>(new LineReader(std::move(stream), std::move(name), max_line_bytes));
}

// Looks at how the text begins.
Status LineReader::Begin(const StopToken& stop) {
  constexpr std::size_t kTelling = 4;
  while (!at_end_ && end_ < kTelling) {
    Status filled = Fill(stop);
    if (!filled && end_ == 0) return filled;
    if (!filled) break;  // what came is given first; the error comes again
  }
  begun_ = true;
  std::string_view start(buffer_.get(), end_);
  if (auto foreign = ForeignText(start)) return Invalid(fmt::format("cannot read: file={} is {}", name_, *foreign));
  if (start.starts_with(kByteOrderMark)) begin_ = scanned_ = kByteOrderMark.size();
  return {};
}

// Makes room behind the pending bytes and reads a chunk there.
Status LineReader::Fill(const StopToken& stop) {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
  CS_ASSIGN(std::size_t got, stream_->Read(buffer_.get() + end_, std::min(kChunkBytes, capacity_ - end_), stop));
  at_end_ = got == 0;
  filled_ += got;
  end_ += got;
  return {};
}

// Moves the start of a line that is too long aside, and drops what more of it is pending.
void LineReader::CutPending() {
  std::string_view pending(buffer_.get() + begin_, end_ - begin_);
  std::string_view kept = pending.substr(0, max_line_bytes_ - std::min(max_line_bytes_, head_.size()));
  head_.append(kept);
  cut_bytes_ += pending.size() - kept.size();
  cutting_ = true;
  begin_ = scanned_ = end_;
}

Line LineReader::TakeLine(std::size_t end, std::size_t next) {
  Line line{next_number_++, std::string_view(buffer_.get() + begin_, end - begin_), 0, filled_ - (end_ - next), next > end};
  if (cutting_) {
    cut_bytes_ += end - begin_;
    line.text = head_;
    line.cut_bytes = cut_bytes_;
  } else if (line.text.size() > max_line_bytes_) {
    line.cut_bytes = line.text.size() - max_line_bytes_;
    line.text = line.text.substr(0, max_line_bytes_);
  } else if (line.text.ends_with('\r')) {
    line.text.remove_suffix(1);
  }
  begin_ = scanned_ = next;
  return line;
}

Result<std::optional<Line>> LineReader::Next(const StopToken& stop) {
  if (!begun_) CS_TRY(Begin(stop));
  if (cutting_) {  // the line before was a cut one: its text is no longer needed
    cutting_ = false;
    head_.clear();
    cut_bytes_ = 0;
  }
  while (true) {
    const char* from = buffer_.get() + scanned_;
    const void* found = std::memchr(from, '\n', end_ - scanned_);
    if (found != nullptr) {
      auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.get());
      return TakeLine(at, at + 1);
    }
    scanned_ = end_;
    if (at_end_ && (begin_ < end_ || cutting_)) return TakeLine(end_, end_);
    if (at_end_) return std::nullopt;
    if (end_ - begin_ > max_line_bytes_ || cutting_) CutPending();
    CS_TRY(Fill(stop));
  }
}

}  // namespace cryptostream
