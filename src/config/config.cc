// From a TOML file, the environment and the command line to plain structs. toml++ is used here only. Every value becomes text
// and goes through the table of config_key.cc, so that a flag, a variable and a line of the file are checked alike.
#include "config/config.h"

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "config/config_key.h"
#include "config/config_toml.h"
#include "config/environment.h"

namespace cryptostream {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 1 << 20;
constexpr std::string_view kPassedThrough = "kafka.librdkafka.";
constexpr std::string_view kSymbols = "symbols.", kQuotes = "quotes.";

std::vector<std::string> AllPaths() {
  std::vector<std::string> paths{"symbols", "quotes", "kafka.librdkafka"};
  for (const ConfigKey& key : ConfigKeys()) paths.push_back(key.path);
  return paths;
}

// "BTCUSDT" = "bitcoin", or "BTCUSDT.coin" and "BTCUSDT.quote": a table of its own in the file. What an entry does not say stays.
void SetSymbol(SymbolMap& symbols, std::string name, std::string_view text) {
  constexpr std::string_view kCoin = ".coin", kQuote = ".quote";
  if (name.ends_with(kQuote)) {
    symbols[name.substr(0, name.size() - kQuote.size())].quote = LowerQuote(text);
    return;
  }
  if (name.ends_with(kCoin)) name.resize(name.size() - kCoin.size());
  symbols[name].coin = text;
}

// Sets one value. `where` says where it came from ("file.toml:12", "--set", "--port", "CRYPTOSTREAM_X__Y").
Status SetValue(Config& config, const std::string& given, std::string_view text, const std::string& where) {
  const std::string path = CurrentPath(given);
  if (path != given) {
    config.warnings.push_back("an old name of a setting: where=" + where + " key=" + given + " (it is now " + path + ")");
  }
  config.origins[path] = where;
  if (path.starts_with(kSymbols)) {
    SetSymbol(config.symbols, path.substr(kSymbols.size()), text);
    return {};
  }
  if (path.starts_with(kQuotes)) {
    config.quotes[path.substr(kQuotes.size())] = LowerQuote(text);
    return {};
  }
  auto bad = [&](const Status& set) {
    return Invalid("bad value for " + (where.starts_with("--") && where != "--set" ? where : path) + ": " + set.error().message +
                   " where=" + where + (where.starts_with("--") ? " key=" + path : ""));
  };
  if (path.starts_with(kPassedThrough)) {
    Status set = SetPassedThrough(config, path.substr(kPassedThrough.size()), text);
    return set ? set : bad(set);
  }
  const ConfigKey* key = FindConfigKey(path);
  if (!key) {
    std::string nearest = Nearest(path, AllPaths());
    return Invalid("unknown setting: where=" + where + " key=" + given +
                   (nearest.empty() ? " (`cryptostream config schema` lists them all)" : " (did you mean " + nearest + "?)"));
  }
  if (Status set = key->Set(config, text); !set) return bad(set);
  if (key->outdated && !key->outdated(text).empty()) {
    config.warnings.push_back("an old form of a value: where=" + where + " key=" + path + " value=" + std::string(text) + " (" +
                              key->outdated(text) + ")");
  }
  return {};
}

bool IsSecret(const std::string& path) {
  const ConfigKey* key = FindConfigKey(path);
  if (path.starts_with(kPassedThrough)) return IsSecretSetting(path) && !path.ends_with("_file");
  return key && key->shape.kind == ValueKind::kSecret;
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

}  // namespace

Result<Config> LoadConfig(const ConfigSources& sources) {
  Config config;
  if (sources.file) CS_TRY(ReadConfigFile(config, *sources.file));
  for (const auto& [name, value] : sources.environment) {
    if (IsSettingVariable(name)) {
      CS_TRY(SetValue(config, PathOfVariable(name), value, name));
    } else if (std::string warning = WarningOf(name); !warning.empty()) {
      config.warnings.push_back(warning);
    }
  }
  for (const FlagSetting& flag : sources.flags) CS_TRY(SetValue(config, flag.path, flag.value, flag.flag));
  for (const std::string& setting : sources.settings) {
    auto equals = setting.find('=');
    if (equals == std::string::npos) return Invalid("--set is not path=value: value=" + setting + " (as --set serve.port=9000)");
    std::string path = setting.substr(0, equals);
    if (IsSecret(path)) {
      return Invalid("a secret does not belong on the command line: key=" + path + " (use its _file setting or the environment)");
    }
    CS_TRY(SetValue(config, path, std::string_view(setting).substr(equals + 1), "--set"));
  }
  config.lake.quotes = config.serve.quotes = QuotesOf(config);
  return config;
}

QuoteSettings QuotesOf(const Config& config) {
  QuoteSettings quotes = config.quotes;
  for (const char* source : {"coingecko", "coingecko_chart"})
    quotes.try_emplace(source, LowerQuote(config.coingecko.vs_currency));
  return quotes;
}

std::vector<std::string> ChangedSettings(const Config& before, const Config& after) {
  std::vector<std::string> paths;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.get(before) != key.get(after)) paths.push_back(key.path);
  }
  if (before.coingecko.key.Reveal() != after.coingecko.key.Reveal() && std::ranges::find(paths, "coingecko.key") == paths.end()) {
    paths.push_back("coingecko.key");
  }
  if (before.symbols != after.symbols) paths.push_back("symbols");
  if (before.quotes != after.quotes) paths.push_back("quotes");
  auto same = [](const auto& a, const auto& b) { return a.first == b.first && a.second.Reveal() == b.second.Reveal(); };
  if (!std::ranges::equal(before.kafka.librdkafka, after.kafka.librdkafka, same)) paths.push_back("kafka.librdkafka");
  return paths;
}

}  // namespace cryptostream
