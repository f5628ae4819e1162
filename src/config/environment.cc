// Variables CRYPTOSTREAM_SECTION__KEY as settings. In: the process's environment. Out: paths, and words about variables that set nothing:
// one that looks like a setting and is none must not be passed over in silence. It is a warning, not an error, because others set such
// variables too (Kubernetes gives CRYPTOSTREAM_PORT=tcp://... for a service of that name).
#include "config/environment.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "config/config_key.h"

extern char** environ;

namespace cryptostream {
namespace {

constexpr std::string_view kPrefix = "CRYPTOSTREAM_";
constexpr std::string_view kSymbols = "SYMBOLS__", kQuotes = "QUOTES__";
// Variables of this name that are no settings: of the tests, the tools and the crash points.
constexpr std::array kOthers{"BINARY", "CACHE", "CRASH", "CRASH_HITS", "FUZZ_SECONDS"};

// Without what people get wrong: case, and one underscore or two.
std::string Skeleton(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c != '_') out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

std::string VariableOf(std::string_view path) {
  std::string name(kPrefix);
  for (char c : path) name += c == '.' ? "__" : std::string(1, static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return name;
}

std::string PathOfVariable(std::string_view name) {
  name.remove_prefix(kPrefix.size());
  // A symbol and a source are the user's own words, so their case counts.
  if (name.starts_with(kSymbols)) return "symbols." + std::string(name.substr(kSymbols.size()));
  if (name.starts_with(kQuotes)) return "quotes." + std::string(name.substr(kQuotes.size()));
  std::string path = LowerCase(name);
  for (std::size_t at = 0; (at = path.find("__", at)) != std::string::npos; ++at) path.replace(at, 2, ".");
  return path;
}

bool IsSettingVariable(std::string_view name) {
  return name.starts_with(kPrefix) && name.find("__", kPrefix.size()) != std::string_view::npos;
}

std::string WarningOf(std::string_view variable) {
  std::string_view rest = variable.substr(kPrefix.size());
  if (std::ranges::find(kOthers, rest) != kOthers.end()) return "";
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) {
    names.push_back(VariableOf(key.path));
    if (Skeleton(names.back()) == Skeleton(variable)) {
      return "an environment variable sets nothing: name=" + std::string(variable) + " (did you mean " + names.back() + "?)";
    }
  }
  std::string nearest = Nearest(variable, names);
  return "an environment variable sets nothing: name=" + std::string(variable) +
         (nearest.empty() ? " (a setting has two underscores: CRYPTOSTREAM_SERVE__PORT)" : " (did you mean " + nearest + "?)");
}

std::vector<std::pair<std::string, std::string>> ConfigEnvironment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** at = environ; *at; ++at) {
    std::string_view entry(*at);
    auto equals = entry.find('=');
    if (entry.starts_with(kPrefix) && equals != std::string_view::npos) {
      variables.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

}  // namespace cryptostream
