#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// What tells a file from others without reading all of it: the first 16 bytes, as hex, of the SHA-256 of its size (decimal text and a
// line end), its first MiB and its last MiB. The name is no part of it, so a moved recording is still the same one.
// Errors: NotFound, Invalid (not a regular file), Unavailable.
Result<std::string> FileIdentity(const std::filesystem::path& path);

// The same over several texts: the identity of a sequence of files from their own.
std::string IdentityOf(std::string_view text);

}  // namespace cryptostream
