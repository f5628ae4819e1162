// From a TOML file, the environment and the command line to plain structs. toml++ is used here only. Every value becomes text
// and goes through the table of config_key.cc, so that a flag, a variable and a line of the file are checked alike.
#include "config/config.h"

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "config/config_key.h"
#include "config/config_toml.h"

extern char** environ;

namespace cryptostream {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kEnvironmentPrefix = "CRYPTOSTREAM_";
constexpr std::string_view kPassedThrough = "kafka.librdkafka.";

const ConfigKey* FindKey(std::string_view path) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

std::vector<std::string> AllPaths() {
  std::vector<std::string> paths{"symbols", "kafka.librdkafka"};
  for (const ConfigKey& key : ConfigKeys()) paths.push_back(key.path);
  return paths;
}

// Sets one value. `where` says where it came from ("file.toml:12", "--set", "CRYPTOSTREAM_X__Y").
Status SetValue(Config& config, const std::string& path, std::string_view text, const std::string& where) {
  if (path.starts_with("symbols.")) {
    config.symbols[path.substr(8)] = std::string(text);
    return {};
  }
  if (path.starts_with(kPassedThrough)) {
    Status set = SetPassedThrough(config, path.substr(kPassedThrough.size()), text);
    if (!set) return Invalid("bad value: where=" + where + " key=" + path + " reason=" + set.error().message);
    return {};
  }
  const ConfigKey* key = FindKey(path);
  if (!key) {
    std::string nearest = Nearest(path, AllPaths());
    return Invalid("unknown setting: where=" + where + " key=" + path +
                   (nearest.empty() ? " (`cryptostream config schema` lists them all)" : " (did you mean " + nearest + "?)"));
  }
  if (Status set = key->set(config, text); !set) {
    return Invalid("bad value: where=" + where + " key=" + path + " reason=" + set.error().message);
  }
  return {};
}

bool IsSecret(const std::string& path) {
  const ConfigKey* key = FindKey(path);
  if (path.starts_with(kPassedThrough)) return IsSecretSetting(path) && !path.ends_with("_file");
  return key && key->type == "secret";
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (auto whole = node.value_exact<std::int64_t>()) return std::to_string(*whole);
  if (auto date = node.value_exact<toml::date>()) {
    std::ostringstream out;
    out << *date;
    return out.str();
  }
  if (auto* array = node.as_array()) {
    std::string joined;
    for (const auto& item : *array) {
      auto text = item.value_exact<std::string>();
      if (!text) return std::nullopt;
      joined += (joined.empty() ? "" : ",") + *text;
    }
    return joined;
  }
  return std::nullopt;
}

Status ReadTable(Config& config, const toml::table& table, const std::string& prefix, const std::string& file) {
  for (const auto& [name, node] : table) {
    std::string path = prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    std::string where = file + ":" + std::to_string(node.source().begin.line);
    if (auto* inner = node.as_table()) {
      CS_TRY(ReadTable(config, *inner, path, file));
      continue;
    }
    if (IsSecret(path)) {
      return Invalid("a secret does not belong into the file: where=" + where + " key=" + path +
                     " (use its _file setting or the environment)");
    }
    auto text = TextOf(node);
    if (!text)
      return Invalid("bad value: where=" + where + " key=" + path + " reason=not a text, integer, true/false or list of texts");
    CS_TRY(SetValue(config, path, *text, where));
  }
  return {};
}

Status ReadConfigFile(Config& config, const std::filesystem::path& path) {
  CS_ASSIGN(std::string bytes, ReadFile(path, kMaxFileBytes));
  toml::parse_result parsed = toml::parse(bytes, path.string());
  if (!parsed) {
    const auto& error = parsed.error();
    return Invalid("not TOML: where=" + path.string() + ":" + std::to_string(error.source().begin.line) +
                   " reason=" + std::string(error.description()));
  }
  return ReadTable(config, parsed.table(), "", path.string());
}

// CRYPTOSTREAM_SERVE__PORT -> serve.port
std::string PathOfVariable(std::string_view name) {
  std::string path;
  name.remove_prefix(kEnvironmentPrefix.size());
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 2) == "__") {
      path += '.';
      ++i;
    } else {
      path += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
  }
  return path;
}

bool IsSetting(std::string_view variable) { return variable.find("__") != std::string_view::npos; }

std::string TomlValue(const ConfigKey& key, const std::string& text) {
  if (key.type == "bool") return text;
  if (key.type == "integer" && !text.empty()) return text;
  std::ostringstream out;
  if (key.type == "list") {
    toml::array items;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ',');) items.push_back(item.substr(item.find_first_not_of(' ')));
    out << items;
  } else {
    out << toml::value<std::string>(text);
  }
  return out.str();
}

template <class Line>
std::string Sections(Line line) {
  std::string out, section;
  for (const ConfigKey& key : ConfigKeys()) {
    auto dot = key.path.find('.');
    if (std::string name = key.path.substr(0, dot); name != section) {
      out += (section.empty() ? "[" : "\n[") + name + "]\n";
      section = name;
    }
    out += line(key, key.path.substr(dot + 1));
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ConfigEnvironment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; *at; ++at) {
    std::string_view entry(*at);
    auto equals = entry.find('=');
    if (entry.starts_with(kEnvironmentPrefix) && equals != std::string_view::npos && IsSetting(entry.substr(0, equals))) {
      variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

Result<Config> LoadConfig(const ConfigSources& sources) {
  Config config;
  if (sources.file) CS_TRY(ReadConfigFile(config, *sources.file));
  for (const auto& [name, value] : sources.environment) CS_TRY(SetValue(config, PathOfVariable(name), value, name));
  for (const std::string& setting : sources.settings) {
    auto equals = setting.find('=');
    if (equals == std::string::npos) return Invalid("not path=value: where=--set value=" + setting);
    std::string path = setting.substr(0, equals);
    if (IsSecret(path)) {
      return Invalid("a secret does not belong on the command line: key=" + path + " (use its _file setting or the environment)");
    }
    CS_TRY(SetValue(config, path, std::string_view(setting).substr(equals + 1), "--set"));
  }
  CS_TRY(CheckKafkaOptions(config.kafka));
  return config;
}

std::string PrintConfig(const Config& config) {
  std::string out = Sections([&](const ConfigKey& key, const std::string& name) {
    std::string text = key.get(config);
    bool hidden = key.type == "secret" || (key.path == "coingecko.key_file");
    if (hidden) return text.empty() ? std::string() : "# " + name + " = \"***\"\n";
    if (key.type == "integer" && text.empty()) return "# " + name + " is the plan's own\n";
    return name + " = " + TomlValue(key, text) + "\n";
  });
  if (!config.kafka.librdkafka.empty()) out += "\n[kafka.librdkafka]\n";
  for (const auto& [name, value] : config.kafka.librdkafka) {
    std::ostringstream text;
    text << toml::value<std::string>(value.Reveal());
    out += IsSecretSetting(name) ? "# \"" + name + "\" = \"***\"\n" : "\"" + name + "\" = " + text.str() + "\n";
  }
  out += "\n[symbols]\n";
  for (const auto& [symbol, coin] : config.symbols) out += "\"" + symbol + "\" = \"" + coin + "\"\n";
  return out;
}

std::string PrintConfigSchema() {
  const Config defaults;
  std::string out = Sections([&](const ConfigKey& key, const std::string& name) {
    std::string text = key.get(defaults);
    return "# " + key.help + " (" + key.type + ")\n# " + name + " = " +
           (key.type == "integer" && text.empty() ? std::string("\"\"") : TomlValue(key, text)) + "\n";
  });
  out +=
      "\n[kafka.librdkafka]\n# settings of librdkafka, passed through: SASL, TLS, OAUTH, tuning; secrets as NAME_file or from "
      "the environment\n"
      "# \"security.protocol\" = \"sasl_ssl\"\n# \"sasl.password_file\" = \"kafka-password\"\n";
  return out + "\n[symbols]\n# an exchange's symbol = \"coin id\"\n# BTCUSDT = \"bitcoin\"\n";
}

}  // namespace cryptostream
