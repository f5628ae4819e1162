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
#include "serve/server.h"
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
  ServeOptions serve;
  LogLevel log_level = LogLevel::kInfo;

  Config() { lake.root = "storage"; }
};

// Where values come from, the strongest first: `--set path=value`, command line flags (given as settings too), environment variables
// CRYPTOSTREAM_SECTION__KEY, the file, the defaults.
struct ConfigSources {
  std::optional<std::filesystem::path> file;
  std::vector<std::pair<std::string, std::string>> environment;  // (name, value) of variables that begin with CRYPTOSTREAM_
  std::vector<std::string> settings;                             // "path=value", later ones win
};

// Reads the configuration. Needs no network. Errors: Invalid, naming file, line, key and the nearest valid key.
Result<Config> LoadConfig(const ConfigSources& sources);
// The environment variables that LoadConfig looks at.
std::vector<std::pair<std::string, std::string>> ConfigEnvironment();

// The effective values as a TOML file; secrets print as "***".
std::string PrintConfig(const Config& config);
// Every key with type, default and meaning, as TOML comments.
std::string PrintConfigSchema();

}  // namespace cryptostream
