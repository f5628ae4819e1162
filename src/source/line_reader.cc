// Lines out of a file: bytes in (through Arrow's streams, which decompress), views of lines out, no allocation a line. The
// buffer holds one chunk and one line of the allowed length; a longer line keeps its first bytes and the rest is counted and
// dropped as it passes, so a line of gigabytes costs no memory. stdin is polled, because a blocked read could not be stopped.
#include "source/line_reader.h"

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace cryptostream {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;

// How bytes that start so are compressed.
arrow::Compression::type CompressionOf(std::string_view start) {
  using namespace std::string_view_literals;
  if (start.starts_with("\x1f\x8b"sv)) return arrow::Compression::GZIP;
  if (start.starts_with("\x28\xb5\x2f\xfd"sv)) return arrow::Compression::ZSTD;
  return arrow::Compression::UNCOMPRESSED;
}

std::unexpected<Error> FromArrow(const arrow::Status& status, const std::string& file) {
  return Invalid(fmt::format("cannot read: file={} reason={}", file, status.message()));
}

Result<std::size_t> ReadStdin(char* to, std::size_t size, const StopToken& stop) {
  constexpr int kPollMs = 200;
  while (!stop.stop_requested()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    int ready = poll(&input, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    ssize_t got = read(STDIN_FILENO, to, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return Unavailable(fmt::format("cannot read stdin: {}", std::strerror(errno)));
  }
  return Cancelled("stopped while reading stdin");
}

Result<arrow::Compression::type> Detect(arrow::io::ReadableFile& file, const std::string& name) {
  std::array<char, 4> start{};
  auto got = file.Read(start.size(), start.data());
  if (!got.ok()) return FromArrow(got.status(), name);
  if (auto back = file.Seek(0); !back.ok()) return FromArrow(back, name);
  return CompressionOf({start.data(), static_cast<std::size_t>(*got)});
}

// The stream of a file's plain bytes.
Result<std::shared_ptr<arrow::io::InputStream>> PlainStream(std::shared_ptr<arrow::io::ReadableFile> file,
                                                            const std::string& name) {
  CS_ASSIGN(auto compression, Detect(*file, name));
  if (compression == arrow::Compression::UNCOMPRESSED) return file;
  auto codec = arrow::util::Codec::Create(compression);
  if (!codec.ok()) return FromArrow(codec.status(), name);
  std::shared_ptr<arrow::util::Codec> shared = *std::move(codec);
  auto stream = arrow::io::CompressedInputStream::Make(shared.get(), file);
  if (!stream.ok()) return FromArrow(stream.status(), name);
  // The stream uses the codec as long as it lives.
  return std::shared_ptr<arrow::io::InputStream>((*stream).get(), [shared, keep = *stream](auto*) {});
}

}  // namespace

LineReader::LineReader(ReadFunction read, std::size_t max_line_bytes)
    : read_(std::move(read)),
      max_line_bytes_(max_line_bytes),
      buffer_(new char[max_line_bytes + kChunkBytes]),
      capacity_(max_line_bytes + kChunkBytes) {}

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::filesystem::path& path, std::size_t max_line_bytes) {
  if (path == "-") return std::unique_ptr<LineReader>(new LineReader(ReadStdin, max_line_bytes));
  std::string name = path.string();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return NotFound(fmt::format("cannot open: file={} reason=no such file", name));
  auto opened = arrow::io::ReadableFile::Open(name);
  if (!opened.ok()) return FromArrow(opened.status(), name);
  std::shared_ptr<arrow::io::ReadableFile> file = opened.MoveValueUnsafe();
  CS_ASSIGN(auto stream, PlainStream(file, name));
  auto read = [stream, name](char* to, std::size_t size, const StopToken& stop) -> Result<std::size_t> {
    if (stop.stop_requested()) return Cancelled("stopped while reading " + name);
    auto got = stream->Read(static_cast<std::int64_t>(size), to);
    if (!got.ok()) return FromArrow(got.status(), name);
    return static_cast<std::size_t>(*got);
  };
  std::unique_ptr<LineReader> reader(new LineReader(std::move(read), max_line_bytes));
  reader->bytes_done_ = [file] { return static_cast<std::uint64_t>(file->Tell().ValueOr(0)); };
  reader->bytes_total_ = static_cast<std::uint64_t>(file->GetSize().ValueOr(0));
  return reader;
}

// Makes room behind the pending bytes and reads a chunk there.
Status LineReader::Fill(const StopToken& stop) {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  scanned_ -= begin_;
  end_ -= begin_;
  begin_ = 0;
  CS_ASSIGN(std::size_t got, read_(buffer_.get() + end_, std::min(kChunkBytes, capacity_ - end_), stop));
  at_end_ = got == 0;
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
  Line line{next_number_++, std::string_view(buffer_.get() + begin_, end - begin_), 0};
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
