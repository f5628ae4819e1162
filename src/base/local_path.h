#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// The file or folder of this machine that a person named: a path as it is, or a file:// URL.
// Errors: Invalid: another URL (s3://, gs://, abfss://, ...: not supported yet), no UTF-8, a NUL.
Result<std::filesystem::path> LocalPath(std::string_view text);

// True for text that begins with a URL's scheme and "://".
bool IsUrl(std::string_view text);

}  // namespace cryptostream
