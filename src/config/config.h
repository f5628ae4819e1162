#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "kafka/options.h"
#include "lake/lake.h"
#include "market/quote.h"
#include "serve/server.h"
#include "sink/options.h"
#include "source/coingecko_client.h"
#include "source/line_decoder.h"

namespace cryptostream {

enum class SourceKind {
  kAuto,       // CoinGecko; the bundled recording while it cannot be reached
  kCoinGecko,  // CoinGecko, whatever happens
  kReplay,     // the bundled recording, or the file that is given
};

// Where prices come from, and what a new lake begins with.
struct SourceConfig {
  SourceKind kind = SourceKind::kAuto;
  int backfill_days = 1;  // of a new lake; 0: none
  std::string demo_path = "storage-demo";
};

// Everything that can be set, one plain struct a stage. Units are in the names or the types.
struct Config {
  LakeOptions lake;
  SourceConfig source;
  CoinGeckoOptions coingecko;
  KafkaOptions kafka;
  SymbolMap symbols = DefaultSymbols();
  QuoteSettings quotes;  // currency of a source's messages that do not say it; see QuotesOf
  ServeOptions serve;
  SinkOptions postgres;
  LogLevel log_level = LogLevel::kInfo;

  // Where each value that is no default came from, by path: "my.toml:12", "CRYPTOSTREAM_SERVE__PORT", "--port", "--set".
  std::map<std::string, std::string> origins;
  // What works but should be changed, in words: old names, variables that set nothing.
  std::vector<std::string> warnings;

  Config() { lake.root = "storage"; }
};

// A flag that is short for a setting, as it was typed.
struct FlagSetting {
  std::string flag;  // "--port"
  std::string path;  // "serve.port"
  std::string value;
};

// Where values come from, the strongest first: `--set path=value`, flags, environment variables CRYPTOSTREAM_SECTION__KEY, the file,
// the defaults.
struct ConfigSources {
  std::optional<std::filesystem::path> file;
  std::vector<std::pair<std::string, std::string>> environment;  // (name, value) of variables that begin with CRYPTOSTREAM_
  std::vector<std::string> settings;                             // "path=value", later ones win
  std::vector<FlagSetting> flags;                                // later ones win
};

// The currencies of sources as configured: `quotes.*`, and coingecko.vs_currency for CoinGecko's.
QuoteSettings QuotesOf(const Config& config);
// Reads the configuration: each value for itself. Needs no network. Errors: Invalid, naming where the value stands, its key and the
// nearest valid key.
Result<Config> LoadConfig(const ConfigSources& sources);
// The environment variables that LoadConfig looks at.
std::vector<std::pair<std::string, std::string>> ConfigEnvironment();

// What a command does with the configuration, and so what of it must be good.
enum class ConfigUse {
  kRead,   // only reads tables
  kServe,  // answers over HTTP
  kFetch,  // asks CoinGecko
  kRun,    // everything: `run`, and what `config check` promises for it
};
// Checks the values against each other. Out: every reason, in words, for which the program would refuse to work with them; empty: good.
std::vector<std::string> ConfigProblems(const Config& config, ConfigUse use);

// The effective values as a TOML file; secrets print as "***".
std::string PrintConfig(const Config& config);
// Every key with meaning, type, range and default, as TOML comments.
std::string PrintConfigSchema();
// The same as a JSON Schema, draft 2020-12.
std::string ConfigJsonSchema();
// The paths of the settings that differ, in the order in which they print.
std::vector<std::string> ChangedSettings(const Config& before, const Config& after);

}  // namespace cryptostream
