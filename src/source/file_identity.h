#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// Under what the first versions kept a recording's position, for lakes that they wrote: the first 16 bytes, as hex, of the SHA-256 of the
// file's size (decimal text and a line end), its first MiB and its last MiB. In: `size` where the file has grown since, and is to be taken
// as it was. Errors: NotFound, Invalid (not a regular file), Unavailable.
Result<std::string> FileIdentity(const std::filesystem::path& path, std::optional<std::uintmax_t> size = std::nullopt);

// The same over several texts: the identity of a sequence of files from their own.
std::string IdentityOf(std::string_view text);

}  // namespace cryptostream
