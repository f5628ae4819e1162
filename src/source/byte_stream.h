#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/stop.h"

namespace cryptostream {

// Takes packed bytes and gives what was packed. One thread.
class Unpacker {
 public:
  // What a step did.
  struct Step {
    std::size_t taken = 0;  // bytes of the input
    std::size_t given = 0;  // bytes of the output
    std::string fault;      // why nothing follows; what was given before it is good
  };
  virtual ~Unpacker() = default;
  virtual Step Unpack(const char* from, std::size_t size, char* to, std::size_t room) = 0;
  // True between two members, where the packed data may end.
  virtual bool at_end() const = 0;
};

// The bytes of a recording as they were before it was packed: a file or stdin ("-"), plain, gzip or zstd, told by the first bytes.
// One thread.
class ByteStream {
 public:
  // Errors: NotFound; Invalid (not a file that can be read twice); Unavailable.
  static Result<std::unique_ptr<ByteStream>> Open(const std::filesystem::path& path);
  ~ByteStream();

  // Fills up to `size` bytes; 0 at the end. A fault is told when everything before it was given.
  // Errors: Invalid (packed or foreign in a way that is not read; broken off, damaged); Unavailable; Cancelled.
  Result<std::size_t> Read(char* to, std::size_t size, const StopToken& stop);

  // True for bytes that came as they are.
  bool plain() const { return begun_ && !unpacker_; }
  // Bytes consumed so far, packed as they are, and the file's size (0 for stdin): for progress.
  std::uint64_t bytes_done() const { return done_ - (end_ - at_); }
  std::uint64_t bytes_total() const { return total_; }

 private:
  ByteStream(int fd, std::string name, std::uint64_t total);
  Status Begin(const StopToken& stop);
  Status Fill(const StopToken& stop);
  Result<std::size_t> ReadPlain(char* to, std::size_t size, const StopToken& stop);

  const int fd_;
  const std::string name_;
  const std::uint64_t total_;
  const std::unique_ptr<char[]> input_;
  std::size_t at_ = 0, end_ = 0;  // of the input that is pending
  std::uint64_t done_ = 0;
  bool begun_ = false, ended_ = false;
  std::unique_ptr<Unpacker> unpacker_;
};

}  // namespace cryptostream
