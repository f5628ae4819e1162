// The configuration and what can be set, as a TOML file: what is printed reads back as the same. toml++ writes the texts, because it
// knows what must be quoted.
#include <sstream>

#include "config/config.h"
#include "config/config_key.h"
#include "config/config_key_kinds.h"
#include "config/config_toml.h"

namespace cryptostream {
namespace {

std::string TomlValue(const ConfigKey& key, const std::string& text) {
  if (key.shape.kind == ValueKind::kBool) return text;
  if (key.shape.kind == ValueKind::kInteger && !text.empty()) return text;
  std::ostringstream out;
  if (key.shape.kind == ValueKind::kList) {
    toml::array items;
    for (const std::string& item : SplitList(text)) items.push_back(item);
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

std::string PrintConfig(const Config& config) {
  std::string out = Sections([&](const ConfigKey& key, const std::string& name) {
    std::string text = key.get(config);
    bool hidden = key.shape.kind == ValueKind::kSecret || key.path == "coingecko.key_file";
    if (hidden) return text.empty() ? std::string() : "# " + name + " = \"***\"\n";
    if (key.shape.kind == ValueKind::kInteger && text.empty()) return "# " + name + " is the plan's own\n";
    return name + " = " + TomlValue(key, text) + "\n";
  });
  if (!config.kafka.librdkafka.empty()) out += "\n[kafka.librdkafka]\n";
  for (const auto& [name, value] : config.kafka.librdkafka) {
    std::ostringstream text;
    text << toml::value<std::string>(value.Reveal());
    out += IsSecretSetting(name) ? "# \"" + name + "\" = \"***\"\n" : "\"" + name + "\" = " + text.str() + "\n";
  }
  out += "\n[symbols]\n";
  for (const auto& [name, symbol] : config.symbols) {
    std::string coin = "\"" + symbol.coin + "\"";
    out +=
        "\"" + name + "\" = " + (symbol.quote.empty() ? coin : "{coin = " + coin + ", quote = \"" + symbol.quote + "\"}") + "\n";
  }
  out += "\n[quotes]\n";
  for (const auto& [source, quote] : config.quotes) out += "\"" + source + "\" = \"" + quote + "\"\n";
  return out;
}

std::string PrintConfigSchema() {
  const Config defaults;
  std::string out = Sections([&](const ConfigKey& key, const std::string& name) {
    std::string text = key.get(defaults), range = RangeText(key.shape);
    std::string shown = key.shape.kind == ValueKind::kInteger && text.empty() ? "\"\"" : TomlValue(key, text);
    return "# " + key.help + "\n# (" + KindText(key.shape.kind) + (range.empty() ? "" : ", " + range) + ")\n# " + name + " = " +
           shown + "\n";
  });
  out +=
      "\n[kafka.librdkafka]\n# settings of librdkafka, passed through: SASL, TLS, OAUTH, tuning; secrets as NAME_file or from "
      "the environment\n"
      "# \"security.protocol\" = \"sasl_ssl\"\n# \"sasl.password_file\" = \"kafka-password\"\n";
  return out +
         "\n[symbols]\n# an exchange's symbol = \"coin id\"; its currency is told by how it ends, or given\n"
         "# BTCUSDT = \"bitcoin\"\n# XBTZEUR = {coin = \"bitcoin\", quote = \"eur\"}\n"
         "\n[quotes]\n# a source = the currency of its messages that do not say it: usd, of Binance usdt\n# kraken = \"eur\"\n";
}

}  // namespace cryptostream
