// Values that are good one by one can be bad together. In: a whole configuration and what it is wanted for. Out: every reason for which the
// program would refuse it, so that `config check` and the commands say the same, before anything is opened. The checks of single rooms are the
// rooms' own (CoinGeckoProblems, ServeProblems, KafkaProblems, SinkProblems): they are asked here and at their door.
#include <algorithm>
#include <filesystem>

#include "config/config.h"
#include "market/name.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

class Problems {
 public:
  explicit Problems(const Config& config) : config_(config) {}

  // `paths`: the settings that it is about; where they came from is said with it.
  void Add(std::string problem, const std::vector<std::string>& paths) {
    std::string from;
    for (const std::string& path : paths) {
      auto origin = config_.origins.find(path);
      if (origin != config_.origins.end()) from += (from.empty() ? "" : ", ") + path + " by " + origin->second;
    }
    found_.push_back(std::move(problem) + (from.empty() ? "" : " [" + from + "]"));
  }
  void Add(const SettingProblems& problems) {
    for (const SettingProblem& problem : problems) Add(problem.words, problem.settings);
  }
  std::vector<std::string> Take() { return std::move(found_); }

 private:
  const Config& config_;
  std::vector<std::string> found_;
};

fs::path Plain(const std::string& path) {
  std::error_code error;
  fs::path plain = fs::weakly_canonical(fs::absolute(path), error);
  return error ? fs::absolute(path).lexically_normal() : plain;
}

void CheckStorage(const Config& config, Problems& problems) {
  if (config.lake.root.empty()) problems.Add("storage.path is empty: give --storage DIR", {"storage.path"});
  if (config.source.demo_path.empty()) problems.Add("source.demo_path is empty: give it a directory", {"source.demo_path"});
}

// The recording's lake is emptied at each start, so it must not be the real one.
void CheckDemo(const Config& config, Problems& problems) {
  if (config.source.kind != SourceKind::kAuto || config.lake.root.empty() || config.source.demo_path.empty()) return;
  if (Plain(config.lake.root) != Plain(config.source.demo_path)) return;
  problems.Add("storage.path and source.demo_path are the same directory: path=" + config.lake.root +
                   " (the recording's lake is emptied at each start; choose another one for it)",
               {"storage.path", "source.demo_path"});
}

void CheckSymbols(const Config& config, Problems& problems) {
  for (const auto& [name, symbol] : config.symbols) {
    const std::string path = "symbols." + name;
    if (!IsValidName(name)) {
      problems.Add("not a symbol: symbols.\"" + name + "\" (letters, digits and ._:/+-, at most 128)", {path});
    }
    if (!IsValidName(symbol.coin)) {
      problems.Add("not a coin id: " + path + "=\"" + symbol.coin + "\" (as CoinGecko spells it: bitcoin)",
                   {path, path + ".coin", path + ".quote"});
    }
    if (!symbol.quote.empty() && !IsQuote(symbol.quote)) {
      problems.Add("not a currency: " + path + ".quote=\"" + symbol.quote + "\" (a code, as usdt)", {path + ".quote"});
    }
  }
  for (const auto& [source, quote] : config.quotes) {
    if (!IsValidName(source)) problems.Add("not a source: quotes.\"" + source + "\" (as kraken)", {"quotes." + source});
    if (!IsQuote(quote)) {
      problems.Add("not a currency: quotes." + source + "=\"" + quote + "\" (a code, as usd)", {"quotes." + source});
    }
  }
}

void CheckOrder(const Config& config, Problems& problems) {
  const SourceOrder& order = config.lake.order.order;
  for (const std::string& source : order.sources) {
    if (IsValidName(source)) continue;
    problems.Add("gold.source_order has what is no source: value=" + source + " (as coingecko)", {"gold.source_order"});
  }
  for (const std::string& quote : order.quotes) {
    if (IsQuote(quote)) continue;
    problems.Add("gold.quote_order has what is no currency: value=" + quote + " (a code, as usd)", {"gold.quote_order"});
  }
}

}  // namespace

std::vector<std::string> ConfigProblems(const Config& config, ConfigUse use) {
  Problems problems(config);
  bool fetches = use == ConfigUse::kFetch || (use == ConfigUse::kRun && config.source.kind != SourceKind::kReplay);
  bool serves = use == ConfigUse::kServe || use == ConfigUse::kRun;
  CheckStorage(config, problems);
  CheckSymbols(config, problems);
  CheckOrder(config, problems);
  problems.Add(KafkaProblems(config.kafka));
  problems.Add(SinkProblems(config.postgres));
  if (use == ConfigUse::kRun) CheckDemo(config, problems);
  if (serves) problems.Add(ServeProblems(config.serve));
  if (fetches) problems.Add(CoinGeckoProblems(config.coingecko));
  return problems.Take();
}

}  // namespace cryptostream
