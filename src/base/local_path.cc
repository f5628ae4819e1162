// Names of files and folders mean nothing: whatever the file system allows is taken as it is. What looks like
// a URL is the one exception, because nobody who types s3://lake wants a folder "s3:" below the current one.
// ("./s3://lake" still names that folder.) Names that are no UTF-8 are refused here, at the door: DuckDB's
// SQL and the Delta kernel's URLs are text.
#include "base/local_path.h"

#include <cctype>

#include "base/text.h"

namespace cryptostream {
namespace {

// The scheme of a URL (RFC 3986, 3.1), empty for anything else.
std::string_view Scheme(std::string_view text) {
  auto end = text.find("://");
  if (end == text.npos || end == 0 || !std::isalpha(static_cast<unsigned char>(text[0]))) return {};
  for (char c : text.substr(0, end)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '+' && c != '-' && c != '.') return {};
  }
  return text.substr(0, end);
}

}  // namespace

bool IsUrl(std::string_view text) { return !Scheme(text).empty(); }

Result<std::filesystem::path> LocalPath(std::string_view text) {
  if (!IsUtf8(text)) return Invalid("path is not UTF-8, rename it: path=" + Printable(text));
  if (text.find('\0') != text.npos) return Invalid("path holds a NUL: path=" + Printable(text));
  std::string_view scheme = Scheme(text);
  if (scheme.empty()) return std::filesystem::path(text);
  if (scheme != "file") {
    return Invalid("only paths of this machine are supported, object stores are not yet: path=" + Printable(text) +
                   " (give a folder, or mount the store)");
  }
  std::string_view rest = text.substr(scheme.size() + 3);
  if (rest.starts_with("localhost/")) rest.remove_prefix(9);
  std::string path;
  if (!rest.starts_with('/') || !PercentDecode(rest, false, path) || !IsUtf8(path)) {
    return Invalid("not a file:// URL of this machine: path=" + Printable(text) + " (write file:///folder, or the path alone)");
  }
  return std::filesystem::path(path);
}

}  // namespace cryptostream
