// gzip through zlib and zstd through Arrow, a step at a time. Why not Arrow's stream for both: when packed data break off or are
// damaged, it drops what it had unpacked in that call, up to a MiB of whole lines, and does not say how much it was. zlib's own calls do.
// zstd works in blocks of at most 128 KiB, of which nothing is known until all of it is there, so nothing is lost there either.
#include "source/unpacker.h"

#include <arrow/util/compression.h>
#include <zlib.h>

#include <algorithm>

namespace cryptostream {
namespace {

using namespace std::string_view_literals;

class Gunzip final : public Unpacker {
 public:
  Gunzip() { ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK; }
  ~Gunzip() override { inflateEnd(&stream_); }

  Step Unpack(const char* from, std::size_t size, char* to, std::size_t room) override {
    if (!ready_) return {0, 0, "no memory to unpack it"};
    if (at_end_) return NextMember(from, size);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from));  // zlib's header knows no const; it only reads
    stream_.avail_in = static_cast<uInt>(size);
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(room);
    int code = inflate(&stream_, Z_NO_FLUSH);
    Step step{size - stream_.avail_in, room - stream_.avail_out, ""};
    at_end_ = code == Z_STREAM_END;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      step.fault = stream_.msg ? stream_.msg : "not gzip";
    }
    return step;
  }

  bool at_end() const override { return at_end_; }

 private:
  // Between members: another one, or zeros, with which tapes and block devices fill up.
  Step NextMember(const char* from, std::size_t size) {
    auto zeros = static_cast<std::size_t>(std::find_if(from, from + size, [](char c) { return c != '\0'; }) - from);
    if (zeros > 0) return {zeros, 0, ""};
    if (from[0] != '\x1f') return {0, 0, "what follows its end is not gzip"};
    at_end_ = false;
    ready_ = inflateReset(&stream_) == Z_OK;
    return {0, 0, ""};
  }

  z_stream stream_{};
  bool ready_ = false;
  bool at_end_ = false;
};

class Unzstd final : public Unpacker {
 public:
  Unzstd() {
    auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD);
    if (!codec.ok()) return;
    auto made = (*codec)->MakeDecompressor();
    if (made.ok()) decompressor_ = *made;
  }

  Step Unpack(const char* from, std::size_t size, char* to, std::size_t room) override {
    if (!decompressor_) return {0, 0, "no memory to unpack it"};
    if (decompressor_->IsFinished() && !decompressor_->Reset().ok()) return {0, 0, "no memory to unpack it"};
    begun_ = true;
    auto step = decompressor_->Decompress(static_cast<std::int64_t>(size), reinterpret_cast<const std::uint8_t*>(from),
                                          static_cast<std::int64_t>(room), reinterpret_cast<std::uint8_t*>(to));
    if (!step.ok()) return {0, 0, step.status().message()};
    return {static_cast<std::size_t>(step->bytes_read), static_cast<std::size_t>(step->bytes_written), ""};
  }

  bool at_end() const override { return begun_ && decompressor_->IsFinished(); }

 private:
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
  bool begun_ = false;
};

// A frame that zstd passes over; pzstd begins with one.
bool IsSkippableFrame(std::string_view start) {
  return start.size() >= 4 && (start[0] & 0xF0) == 0x50 && start.substr(1, 3) == "\x2a\x4d\x18"sv;
}

}  // namespace

std::unique_ptr<Unpacker> UnpackerFor(std::string_view start) {
  if (start.starts_with("\x1f\x8b"sv)) return std::make_unique<Gunzip>();
  if (start.starts_with("\x28\xb5\x2f\xfd"sv) || IsSkippableFrame(start)) return std::make_unique<Unzstd>();
  return nullptr;
}

}  // namespace cryptostream
