#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace cryptostream {

// One thing that can be set. Values travel as text ("30s", "8000", "a, b"), whatever they came from.
struct ConfigKey {
  std::string path;  // "engine.lateness"
  std::string type;  // "duration", "text", "integer", "bool", "list", "secret"
  std::string help;
  std::function<Status(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> get;
  // What to write instead of an old form of the value that still works; empty for any other. Need not be set.
  std::function<std::string(std::string_view)> outdated = {};
};

// The path that a setting has now: an old name's new one ("stream.lateness" is engine.lateness), any other as it is.
std::string CurrentPath(const std::string& path);

// Sets kafka.librdkafka.NAME; a secret's NAME_file reads it from a file. Errors: Invalid.
Status SetPassedThrough(Config& config, const std::string& name, std::string_view text);

// All keys, in the order in which they print. `symbols.*` and `kafka.librdkafka.*` are not among them: their keys are the user's.
const std::vector<ConfigKey>& ConfigKeys();

}  // namespace cryptostream
