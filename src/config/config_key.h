#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace cryptostream {

enum class ValueKind { kText, kPath, kDay, kBool, kInteger, kDuration, kChoice, kList, kSecret };

// What a text, or each text of a list, must look like. The room that uses it checks it (ConfigProblems), so that all that is wrong is
// said at once; config_test holds the pattern against that check.
struct TextRule {
  std::string_view pattern;  // ECMAScript; empty: anything
  std::string_view hint;     // the same in words
};

// What a value must be. The check of a value, the JSON Schema and the page of settings all read it here, so they cannot differ.
struct ValueShape {
  ValueKind kind = ValueKind::kText;
  std::int64_t least = 0, most = 0;  // of an integer, or of a duration in milliseconds
  std::vector<std::string> choices;
  TextRule rule = {};
  bool may_be_empty = false;  // "" is a value: not set
  bool may_be_never = false;  // a duration can be "never"
};

// One thing that can be set. Values travel as text ("30s", "8000", "a, b"), whatever they came from.
struct ConfigKey {
  std::string path;     // "engine.lateness"
  std::string help;     // sentences
  std::string example;  // a value other than the default
  std::string flag;     // "--port"; empty: none
  ValueShape shape;
  std::function<Status(Config&, std::string_view)> assign;  // Requires: a value of this shape
  std::function<std::string(const Config&)> get;
  // What to write instead of an old form of the value that still works; empty for any other. Need not be set.
  std::function<std::string(std::string_view)> outdated = {};

  // Checks a value and takes it over. Errors: Invalid, saying what is accepted.
  Status Set(Config& config, std::string_view text) const;
};

// Checks a value against its shape. Errors: Invalid.
Status CheckValue(const ConfigKey& key, std::string_view text);
// "duration", "integer", ...: as the lists of settings call it.
std::string KindText(ValueKind kind);
// "1s to 1d", "one of gzip, lz4"; empty where nothing narrows the kind.
std::string RangeText(const ValueShape& shape);
// The texts of this shape as a pattern of ECMAScript, anchored; empty: any text.
std::string PatternOf(const ValueShape& shape);

// The path that a setting has now: an old name's new one ("stream.lateness" is engine.lateness), any other as it is.
std::string CurrentPath(const std::string& path);

// Sets kafka.librdkafka.NAME; a secret's NAME_file reads it from a file. Errors: Invalid.
Status SetPassedThrough(Config& config, const std::string& name, std::string_view text);

// Those of `[postgres]`.
std::vector<ConfigKey> PostgresKeys();
// All keys, in the order in which they print. `symbols.*` and `kafka.librdkafka.*` are not among them: their keys are the user's.
const std::vector<ConfigKey>& ConfigKeys();
// The key of a path; nullptr: there is none.
const ConfigKey* FindConfigKey(std::string_view path);

}  // namespace cryptostream
