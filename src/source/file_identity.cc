// The name under which a replayed file's position was kept in bronze until its lines themselves were told apart (source/taken_recordings):
// size and both ends. A file mended in its middle had the same name, one that grew another. Kept so that such a lake goes on without doubling.
#include "source/file_identity.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace cryptostream {
namespace {

constexpr std::uintmax_t kEndBytes = 1 << 20;
constexpr std::size_t kIdentityBytes = 16;

std::string ShortSha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (std::size_t i = 0; i < kIdentityBytes; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

bool AppendPart(std::ifstream& in, std::uintmax_t from, std::uintmax_t bytes, std::string& out) {
  std::size_t before = out.size();
  out.resize(before + bytes);
  in.seekg(static_cast<std::streamoff>(from));
  in.read(out.data() + before, static_cast<std::streamsize>(bytes));
  return in.good();
}

}  // namespace

Result<std::string> FileIdentity(const std::filesystem::path& path, std::optional<std::uintmax_t> as_of_size) {
  std::error_code error;
  auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return NotFound(fmt::format("cannot open: file={} reason=no such file", path.string()));
  if (!std::filesystem::is_regular_file(status)) return Invalid(fmt::format("not a regular file: file={}", path.string()));
  auto size = as_of_size ? *as_of_size : std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) return Unavailable(fmt::format("cannot open: file={} reason={}", path.string(), std::strerror(errno)));
  std::string bytes = fmt::format("{}\n", size);
  std::uintmax_t first = std::min(size, kEndBytes);
  std::uintmax_t last = std::min(size - first, kEndBytes);
  if (!AppendPart(in, 0, first, bytes) || !AppendPart(in, size - last, last, bytes)) {
    return Unavailable(fmt::format("cannot read: file={}", path.string()));
  }
  return ShortSha256(bytes);
}

std::string IdentityOf(std::string_view text) { return ShortSha256(text); }

}  // namespace cryptostream
