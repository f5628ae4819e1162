// Durable files: what an fsync has to cover so that a power cut leaves either the old state or the new one, and the lock of
// the lake. "Durable before counted" (docs/exactly-once.md) rests on these functions. leveldb's env_posix.cc is the model for which directories to sync.
#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/check.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/system_error.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const CrashPoint kBeforeRename("file.before_rename");
const CrashPoint kAfterRename("file.after_rename");

Error ErrnoError(std::string_view what, const fs::path& path) {
  int code = errno;
  std::string message = fmt::format("cannot {}: path={} reason={}", what, path.string(), SystemReason(code));
  if (code == ENOENT) return Error{ErrorKind::kNotFound, message, {}};
  return Error{ErrorKind::kUnavailable, message, {}};
}

// Owns a file descriptor.
struct Fd {
  int fd;
  explicit Fd(int fd) : fd(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd >= 0) ::close(fd);
  }
};

Status FsyncFd(int fd, const fs::path& path) {
  while (::fsync(fd) != 0) {
    if (errno == EINTR) continue;
    if (errno == EIO) StopAfterIoError("fsync " + path.string());
    return std::unexpected(ErrnoError("fsync", path));
  }
  return {};
}

Status WriteAll(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(ErrnoError("write", path));
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

void StopAfterIoError(std::string_view what) {
  LogError("cannot {}: input/output error; stopping, so that a restart reads what is really there", what);
  std::abort();
}

void StopOnIoError(std::string_view what, std::string_view reason) {
  if (reason.find("(os error 5)") != reason.npos) StopAfterIoError(what);  // how Rust says EIO
}

Status FsyncPath(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return std::unexpected(ErrnoError("open", path));
  return FsyncFd(file.fd, path);
}

Status MakeDirsDurable(const fs::path& dir) {
  std::error_code error;
  if (dir.empty() || fs::is_directory(dir, error)) return {};
  fs::path parent = dir.has_parent_path() ? dir.parent_path() : fs::path(".");
  CS_TRY(MakeDirsDurable(parent));
  if (::mkdir(dir.c_str(), 0777) != 0 && errno != EEXIST) return std::unexpected(ErrnoError("make directory", dir));
  if (!fs::is_directory(dir, error)) {
    return Invalid((fs::is_symlink(dir, error) ? "a link that leads to no directory: path=" : "not a directory: path=") +
                   dir.string());
  }
  return FsyncPath(parent);
}

Status WriteFileDurable(const fs::path& path, std::string_view bytes) {
  fs::path temporary = path.string() + ".tmp-" + RandomHexId();
  auto write = [&]() -> Status {
    Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.fd < 0) return std::unexpected(ErrnoError("create", temporary));
    CS_TRY(WriteAll(file.fd, bytes, temporary));
    return FsyncFd(file.fd, temporary);
  };
  if (Status written = write(); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  kBeforeRename.Reach();
  if (::rename(temporary.c_str(), path.c_str()) != 0) return std::unexpected(ErrnoError("rename", path));
  kAfterRename.Reach();
  return FsyncPath(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

Result<std::string> ReadFile(const fs::path& path, std::uintmax_t limit_bytes) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return std::unexpected(ErrnoError("open", path));
  std::string bytes;
  std::array<char, 65536> buffer;
  while (true) {
    ssize_t n = ::read(file.fd, buffer.data(), buffer.size());
    if (n == 0) return bytes;
    if (n < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(ErrnoError("read", path));
    }
    if (bytes.size() + n > limit_bytes) {
      return Invalid(fmt::format("file too large: path={} limit_bytes={}", path.string(), limit_bytes));
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileLock> FileLock::Acquire(const fs::path& path) {
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(ErrnoError("open the lock file", path));
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    auto holder = ReadFile(path, 4096);
    std::string who = holder && !holder->empty() ? *holder : "unknown";
    while (!who.empty() && who.back() == '\n') who.pop_back();
    return Conflict(fmt::format("another process writes this lake: lock={} holder={} (stop it, or choose another --storage)",
                                path.string(), who));
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::string text = fmt::format("pid={} host={}\n", ::getpid(), host.data());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) {
    LogDebug("cannot write the holder into the lock file: path={}", path.string());
  }
  return lock;
}

std::string RandomHexId() {
  std::array<unsigned char, 16> bytes;
  CS_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  std::string hex;
  for (unsigned char b : bytes) hex += fmt::format("{:02x}", b);
  return hex;
}

}  // namespace cryptostream
