#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config.h"

namespace cryptostream {

// One thing that can be set. Values travel as text ("30s", "8000", "a, b"), whatever they came from.
struct ConfigKey {
  std::string path;  // "stream.lateness"
  std::string type;  // "duration", "text", "integer", "bool", "list", "secret"
  std::string help;
  std::function<Status(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;
};

// All keys, in the order in which they print. `symbols.*` is not among them: its keys are the user's.
const std::vector<ConfigKey>& ConfigKeys();

}  // namespace cryptostream
