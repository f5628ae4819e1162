#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace cryptostream {

// CRYPTOSTREAM_SERVE__PORT -> serve.port. Requires: a name that begins with CRYPTOSTREAM_.
std::string PathOfVariable(std::string_view name);
// serve.port -> CRYPTOSTREAM_SERVE__PORT.
std::string VariableOf(std::string_view path);
// True for a name that sets something: CRYPTOSTREAM_ and two underscores after it.
bool IsSettingVariable(std::string_view name);
// What to say of another one that begins with CRYPTOSTREAM_; empty when it is known for what it is.
std::string WarningOf(std::string_view variable);

}  // namespace cryptostream
