#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// Makes the named directory and its missing parents, and fsyncs each directory that got a new entry.
Status MakeDirsDurable(const std::filesystem::path& dir);
// fsyncs a file or a directory. An EIO from fsync aborts the process: what the kernel dropped cannot be known, so only
// a restart that reads what is really there is safe.
Status FsyncPath(const std::filesystem::path& path);
// Aborts when `reason` is that of an input or output error (EIO) of a write by a library of ours: for the same reason.
void StopOnIoError(std::string_view what, std::string_view reason);
// Aborts after an fsync that failed: "cannot <what>: ...".
[[noreturn]] void StopAfterIoError(std::string_view what);
// Replaces `path` as a whole: temporary file, fsync, rename, fsync of the directory.
Status WriteFileDurable(const std::filesystem::path& path, std::string_view bytes);
// Reads a whole file of at most `limit_bytes`. Errors: NotFound, Invalid (too large), Unavailable.
Result<std::string> ReadFile(const std::filesystem::path& path, std::uintmax_t limit_bytes);

// An exclusive lock on a file for the life of this object. The kernel lets go when the process dies, however it dies;
// what stands in the file (pid, host) is text for the message only.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();
  // Errors: Conflict, saying who holds it; Unavailable when the file cannot be made.
  static Result<FileLock> Acquire(const std::filesystem::path& path);

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// 128 random bits as 32 hex digits.
std::string RandomHexId();

}  // namespace cryptostream
