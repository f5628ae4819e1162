// Where a command's data goes. What was printed counts as done only when the system took it: a full disk or a closed pipe makes the exit code
// 1, for every command, because all of them print through std::cout. A closed pipe is no news to anybody (`... | head`), so nothing is said.
#include "cli/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/file.h"
#include "cli/command.h"

namespace cryptostream {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

std::string Reason(int error) { return std::strerror(error); }  // NOLINT(concurrency-mt-unsafe)

DescriptorBuffer& StandardOutput() {
  static auto* buffer = new DescriptorBuffer(STDOUT_FILENO);  // never destroyed: std::cout is flushed after everything else
  return *buffer;
}

std::unexpected<Error> Exists(const std::string& path) {
  return Invalid("there is such a file already: file=" + path + " (--force replaces it)");
}

// Renames without replacing; file systems that cannot do so get a second name first.
int RenameNew(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(from, to) != 0) return errno;
  ::unlink(from);
  return 0;
}

}  // namespace

DescriptorBuffer::DescriptorBuffer(int descriptor) : descriptor_(descriptor), bytes_(kBufferBytes) {
  setp(bytes_.data(), bytes_.data() + bytes_.size());
}

bool DescriptorBuffer::Flush() {
  const char* from = pbase();
  while (error_ == 0 && from < pptr()) {
    ssize_t written = ::write(descriptor_, from, static_cast<std::size_t>(pptr() - from));
    if (written >= 0) {
      from += written;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  setp(bytes_.data(), bytes_.data() + bytes_.size());
  return error_ == 0;
}

DescriptorBuffer::int_type DescriptorBuffer::overflow(int_type next) {
  if (!Flush()) return traits_type::eof();
  if (!traits_type::eq_int_type(next, traits_type::eof())) sputc(traits_type::to_char_type(next));
  return traits_type::not_eof(next);
}

int DescriptorBuffer::sync() { return Flush() ? 0 : -1; }

void OpenStandardStreams() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // Read only for what is read and for data, so that data which cannot arrive is an error.
    int opened = ::open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != descriptor) {
      ::dup2(opened, descriptor);
      ::close(opened);
    }
  }
  std::cout.rdbuf(&StandardOutput());
}

int CloseStandardOutput(int exit_code) {
  std::cout.flush();
  int error = StandardOutput().error();
  if (error == 0) return exit_code;
  if (error != EPIPE) {
    std::fprintf(stderr, "cryptostream: cannot write the output, so it is not whole: reason=%s\n", Reason(error).c_str());
  }
  return exit_code == kExitDone ? kExitFailure : exit_code;
}

Result<std::unique_ptr<OutputFile>> OutputFile::Create(const std::string& path, bool replace) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path whole = fs::absolute(path, error);
  if (fs::is_directory(whole, error)) return Invalid("the output is a directory: file=" + path);
  if (!replace && fs::exists(fs::symlink_status(whole, error))) return Exists(path);
  if (replace && fs::is_symlink(whole, error)) whole = fs::weakly_canonical(whole, error);
  std::string temporary =
      (whole.parent_path() / ("." + whole.filename().string() + "." + RandomHexId().substr(0, 8) + ".part")).string();
  int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) return Unavailable("cannot write the output: file=" + path + " reason=" + Reason(errno));
  return std::unique_ptr<OutputFile>(new OutputFile(whole.string(), temporary, descriptor, replace));
}

OutputFile::OutputFile(std::string path, std::string temporary, int descriptor, bool replace)
    : path_(std::move(path)),
      temporary_(std::move(temporary)),
      descriptor_(descriptor),
      replace_(replace),
      buffer_(descriptor),
      stream_(&buffer_) {}

OutputFile::~OutputFile() {
  ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

Status OutputFile::Commit() {
  auto failed = [&](int error) { return Unavailable("cannot write the output: file=" + path_ + " reason=" + Reason(error)); };
  stream_.flush();
  if (buffer_.error() != 0) return failed(buffer_.error());
  if (::fsync(descriptor_) != 0) return failed(errno);
  int error = 0;
  if (replace_) {
    error = ::rename(temporary_.c_str(), path_.c_str()) == 0 ? 0 : errno;
  } else {
    error = RenameNew(temporary_.c_str(), path_.c_str());
  }
  if (error == EEXIST) return Exists(path_);
  if (error != 0) return failed(error);
  committed_ = true;
  return FsyncPath(std::filesystem::path(path_).parent_path());
}

}  // namespace cryptostream
