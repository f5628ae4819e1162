// What the system says when a file cannot be read or written, told to a person. Libraries of ours report it
// in three ways: errno (ours, Arrow), Rust's "(os error 28)", and words only. The words are the system's own,
// so that they can be searched for; the advice is ours, because "Read-only file system" is true and helps
// nobody at night.
#include "base/system_error.h"

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::string_view kRustPrefix = "(os error ";

std::string_view Advice(int code) {
  switch (code) {
    case ENOSPC: return "free some space on this disk";
    case EDQUOT: return "free some space, or raise this user's quota";
    case EROFS: return "mount it writable, or choose another --storage";
    case EACCES:
    case EPERM: return "give this user the right to read and write there";
    case EMFILE:
    case ENFILE: return "allow more open files: ulimit -n";
    case EFBIG: return "allow larger files: ulimit -f";
    case ENAMETOOLONG: return "choose a shorter path";
    case ENOTDIR: return "a part of the path is a file";
    case ELOOP: return "the path leads through too many symbolic links";
    default: return "";
  }
}

}  // namespace

std::string SystemReason(int code) {
  std::string reason = std::strerror(code);
  std::string_view advice = Advice(code);
  return advice.empty() ? reason : reason + " (" + std::string(advice) + ")";
}

std::string WithAdvice(std::string_view text) {
  auto at = text.rfind(kRustPrefix);
  if (at == text.npos) return std::string(text);
  std::string_view number = text.substr(at + kRustPrefix.size());
  auto end = number.find(')');
  if (end == number.npos) return std::string(text);
  auto code = IntegerOf<int>(number.substr(0, end));
  std::string_view advice = code ? Advice(*code) : std::string_view();
  if (advice.empty()) return std::string(text);
  return std::string(text.substr(0, at + 1)) + std::string(advice) + std::string(number.substr(end));
}

}  // namespace cryptostream
