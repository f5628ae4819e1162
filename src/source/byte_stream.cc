// Bytes of a file or of a pipe in, the same unpacked out. What a file is, its first bytes say, never its name. Whatever cannot be read as text is
// refused here by name, with what to do, before anything of it can go further. stdin is polled, because a read that blocks could not
// be stopped.
#include "source/byte_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "source/foreign_form.h"
#include "source/unpacker.h"

namespace cryptostream {
namespace {

constexpr std::size_t kInputBytes = 256 << 10;
constexpr std::size_t kTellingBytes = 512;  // enough for every mark that is known, tar's at 257 among them

std::unexpected<Error> CannotRead(const std::string& name, int code) {
  return Unavailable(fmt::format("cannot read: file={} reason={}", name, std::strerror(code)));
}

// Reads once; 0 at the end. Only a pipe makes it wait.
Result<std::size_t> ReadOnce(int fd, const std::string& name, char* to, std::size_t size, const StopToken& stop) {
  constexpr int kPollMs = 200;
  while (!stop.stop_requested()) {
    pollfd input{fd, POLLIN, 0};
    int ready = ::poll(&input, 1, kPollMs);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    ssize_t got = ::read(fd, to, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR && errno != EAGAIN) return CannotRead(name, errno);
  }
  return Cancelled("stopped while reading " + name);
}

}  // namespace

ByteStream::ByteStream(int fd, std::string name, std::uint64_t total)
    : fd_(fd), name_(std::move(name)), total_(total), input_(new char[kInputBytes]) {}

ByteStream::~ByteStream() {
  if (fd_ != STDIN_FILENO) ::close(fd_);
}

Result<std::unique_ptr<ByteStream>> ByteStream::Open(const std::filesystem::path& path) {
  if (path == "-") return std::unique_ptr<ByteStream>(new ByteStream(STDIN_FILENO, "stdin", 0));
  std::string name = path.string();
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a named pipe without a writer must not block here
  if (fd < 0) {
    int code = errno;
    std::string message = fmt::format("cannot open: file={} reason={}", name, std::strerror(code));
    return code == ENOENT ? NotFound(std::move(message)) : Unavailable(std::move(message));
  }
  struct stat facts{};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    ::close(fd);
    const char* what = S_ISDIR(facts.st_mode) ? "name a file in it" : "pipe it in: replay - < FILE";
    return Invalid(fmt::format("not a regular file: file={} ({})", name, what));
  }
  return std::unique_ptr<ByteStream>(new ByteStream(fd, std::move(name), static_cast<std::uint64_t>(facts.st_size)));
}

// Reads more of the input behind what is pending.
Status ByteStream::Fill(const StopToken& stop) {
  std::memmove(input_.get(), input_.get() + at_, end_ - at_);
  end_ -= std::exchange(at_, 0);
  CS_ASSIGN(std::size_t got, ReadOnce(fd_, name_, input_.get() + end_, kInputBytes - end_, stop));
  ended_ = got == 0;
  end_ += got;
  done_ += got;
  return {};
}

// Looks at the first bytes. A pipe may bring them one at a time; a text of ours is never so short that waiting for a few would matter.
Status ByteStream::Begin(const StopToken& stop) {
  constexpr std::size_t kFewBytes = 8;
  while (!ended_ && end_ < (total_ > 0 ? kTellingBytes : kFewBytes)) CS_TRY(Fill(stop));
  begun_ = true;
  std::string_view start(input_.get(), end_);
  unpacker_ = UnpackerFor(start);
  if (unpacker_) return {};
  if (auto foreign = ForeignForm(start)) return Invalid(fmt::format("cannot read: file={} is {}", name_, *foreign));
  return {};
}

Result<std::size_t> ByteStream::ReadPlain(char* to, std::size_t size, const StopToken& stop) {
  if (at_ < end_) {
    std::size_t some = std::min(size, end_ - at_);
    std::memcpy(to, input_.get() + at_, some);
    at_ += some;
    return some;
  }
  CS_ASSIGN(std::size_t got, ReadOnce(fd_, name_, to, size, stop));
  done_ += got;
  return got;
}

Result<std::size_t> ByteStream::Read(char* to, std::size_t size, const StopToken& stop) {
  if (stop.stop_requested()) return Cancelled("stopped while reading " + name_);
  if (!begun_) CS_TRY(Begin(stop));
  if (!unpacker_) return ReadPlain(to, size, stop);
  while (true) {
    if (at_ == end_ && !ended_) CS_TRY(Fill(stop));
    bool no_more = at_ == end_;
    if (no_more && unpacker_->at_end()) return 0;
    Unpacker::Step step = unpacker_->Unpack(input_.get() + at_, end_ - at_, to, size);
    at_ += step.taken;
    if (step.given > 0) return step.given;  // a fault that comes with it comes again
    if (!step.fault.empty()) {
      return Invalid(fmt::format("the packed data are damaged: file={} at_byte={} reason={}", name_, bytes_done(), step.fault));
    }
    if (no_more) return Invalid(fmt::format("the packed data break off: file={} bytes={}", name_, bytes_done()));
  }
}

}  // namespace cryptostream
