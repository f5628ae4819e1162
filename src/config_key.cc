// The table of settings: path, type, meaning, and how the text becomes a value. `config schema`, `config print`, the checks of
// unknown keys and docs/configuration.md all come from here, so a setting exists once.
#include "config_key.h"

#include <charconv>

#include "base/file.h"

namespace cryptostream {
namespace {

using Get = std::function<std::string(const Config&)>;
using Set = std::function<Status(Config&, std::string_view)>;

template <class Access>
ConfigKey Text(std::string path, std::string help, Access access) {
  return {std::move(path), "text", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            access(c) = std::string(text);
            return {};
          },
          [access](const Config& c) { return std::string(access(const_cast<Config&>(c))); }};
}

template <class Access>
ConfigKey Path(std::string path, std::string help, Access access) {
  return {std::move(path), "text", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            access(c) = std::filesystem::path(text);
            return {};
          },
          [access](const Config& c) { return access(const_cast<Config&>(c)).string(); }};
}

template <class Access>
ConfigKey Bool(std::string path, std::string help, Access access) {
  return {std::move(path), "bool", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            if (text != "true" && text != "false") return Invalid("not true or false: value=" + std::string(text));
            access(c) = text == "true";
            return {};
          },
          [access](const Config& c) { return std::string(access(const_cast<Config&>(c)) ? "true" : "false"); }};
}

Result<std::int64_t> ParseInteger(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return Invalid("not an integer from " + std::to_string(least) + " to " + std::to_string(most) +
                   ": value=" + std::string(text));
  }
  return value;
}

template <class Access>
ConfigKey Integer(std::string path, std::string help, std::int64_t least, std::int64_t most, Access access) {
  return {std::move(path), "integer", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            CS_ASSIGN(std::int64_t value, ParseInteger(text, least, most));
            access(c) = static_cast<std::decay_t<decltype(access(c))>>(value);
            return {};
          },
          [access](const Config& c) { return std::to_string(access(const_cast<Config&>(c))); }};
}

// An integer that need not be set: "" is "the default of the plan".
template <class Access>
ConfigKey OptionalInteger(std::string path, std::string help, std::int64_t least, std::int64_t most, Access access) {
  return {std::move(path), "integer", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            if (text.empty()) {
              access(c).reset();
              return {};
            }
            CS_ASSIGN(std::int64_t value, ParseInteger(text, least, most));
            access(c) = static_cast<typename std::decay_t<decltype(access(c))>::value_type>(value);
            return {};
          },
          [access](const Config& c) {
            const auto& value = access(const_cast<Config&>(c));
            return value ? std::to_string(*value) : std::string();
          }};
}

// A duration in the largest unit that holds it exactly, so that it reads back as the same.
std::string DurationText(std::chrono::milliseconds duration) {
  const std::pair<std::int64_t, const char*> units[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}};
  for (const auto& [ms, unit] : units) {
    if (duration.count() != 0 && duration.count() % ms == 0) return std::to_string(duration.count() / ms) + unit;
  }
  return "0s";
}

template <class Access>
ConfigKey Duration(std::string path, std::string help, std::chrono::milliseconds least, std::chrono::milliseconds most,
                   Access access) {
  return {
      std::move(path), "duration", std::move(help),
      [=](Config& c, std::string_view text) -> Status {
        CS_ASSIGN(auto value, ParseDuration(text));
        if (value < least || value > most) {
          return Invalid("not from " + FormatDuration(least) + " to " + FormatDuration(most) + ": value=" + std::string(text));
        }
        access(c) = std::chrono::duration_cast<std::decay_t<decltype(access(c))>>(value);
        return {};
      },
      [access](const Config& c) { return DurationText(access(const_cast<Config&>(c))); }};
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    auto comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return items;
}

template <class Access>
ConfigKey List(std::string path, std::string help, Access access) {
  return {std::move(path), "list", std::move(help),
          [access](Config& c, std::string_view text) -> Status {
            access(c) = SplitList(text);
            return {};
          },
          [access](const Config& c) {
            std::string joined;
            for (const auto& item : access(const_cast<Config&>(c))) joined += (joined.empty() ? "" : ", ") + item;
            return joined;
          }};
}

template <class Enum>
struct Choice {
  const char* text;
  Enum value;
};

template <class Enum, class Access>
ConfigKey OneOf(std::string path, std::string help, std::vector<Choice<Enum>> choices, Access access) {
  return {std::move(path), "text", std::move(help),
          [=](Config& c, std::string_view text) -> Status {
            std::string known;
            for (const auto& choice : choices) {
              if (text == choice.text) {
                access(c) = choice.value;
                return {};
              }
              known += (known.empty() ? "" : ", ") + std::string(choice.text);
            }
            return Invalid("not one of " + known + ": value=" + std::string(text));
          },
          [=](const Config& c) {
            for (const auto& choice : choices) {
              if (access(const_cast<Config&>(c)) == choice.value) return std::string(choice.text);
            }
            return std::string();
          }};
}

Status SetPace(Config& c, std::string_view text) {
  if (text.empty()) {
    c.coingecko.pace.reset();
    return {};
  }
  CS_ASSIGN(auto pace, ParseDuration(text));
  if (pace < std::chrono::seconds(1) || pace > std::chrono::hours(24))
    return Invalid("not from 1s to 1d: value=" + std::string(text));
  c.coingecko.pace = pace;
  return {};
}

Status SetRunOut(Config& c, std::string_view text) {
  if (text.empty()) {
    c.coingecko.run_out.reset();
    return {};
  }
  CS_ASSIGN(Timestamp day, ParseRfc3339(std::string(text) + "T00:00:00Z"));
  c.coingecko.run_out = DateOf(day);
  return {};
}

Status SetKeyFile(Config& c, std::string_view text) {
  if (text.empty()) return {};
  CS_ASSIGN(std::string key, ReadFile(std::filesystem::path(text), 4096));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ')) key.pop_back();
  c.coingecko.key = Secret(key);
  return {};
}

std::vector<ConfigKey> LakeKeys() {
  using namespace std::chrono_literals;
  return {
      Text("storage.path", "where the tables lie", [](Config& c) -> auto& { return c.lake.root; }),
      Bool("storage.fsync", "false loses data in a power cut; for benchmarks", [](Config& c) -> auto& { return c.lake.fsync; }),
      Duration("stream.lateness", "how far events may lie behind the newest one before their window closes", 0ms, 24h,
               [](Config& c) -> auto& { return c.lake.lateness; }),
      Duration("stream.idle_after", "a silent source no longer holds its windows open after this", 1s, 24h,
               [](Config& c) -> auto& { return c.lake.idle_after; }),
      Duration("stream.commit_every", "bronze gathers rows for so long", 10ms, 1min,
               [](Config& c) -> auto& { return c.lake.commit_every; }),
      Integer("stream.commit_bytes", "or until it holds so many bytes", 1 << 16, 1 << 30,
              [](Config& c) -> auto& { return c.lake.commit_bytes; }),
      Duration("stream.correct_every", "windows with late rows are replaced at most so often", 0ms, 10s,
               [](Config& c) -> auto& { return c.lake.correct_every; }),
  };
}

std::vector<ConfigKey> SourceKeys() {
  using namespace std::chrono_literals;
  return {
      OneOf<SourceKind>("source.kind", "auto plays the bundled recording while CoinGecko cannot be reached",
                        {{"auto", SourceKind::kAuto}, {"coingecko", SourceKind::kCoinGecko}, {"replay", SourceKind::kReplay}},
                        [](Config& c) -> auto& { return c.source.kind; }),
      Integer("source.backfill_days", "days of history that a new lake begins with", 0, 365,
              [](Config& c) -> auto& { return c.source.backfill_days; }),
      Text("source.demo_path", "the lake of the bundled recording", [](Config& c) -> auto& { return c.source.demo_path; }),
      OneOf<CoinGeckoPlan>("coingecko.plan", "what the key belongs to",
                           {{"keyless", CoinGeckoPlan::kKeyless}, {"demo", CoinGeckoPlan::kDemo}, {"pro", CoinGeckoPlan::kPro}},
                           [](Config& c) -> auto& { return c.coingecko.plan; }),
      {"coingecko.key", "secret", "the API key; only from the environment (CRYPTOSTREAM_COINGECKO__KEY)",
       [](Config& c, std::string_view text) -> Status {
         c.coingecko.key = Secret(std::string(text));
         return {};
       },
       [](const Config& c) { return std::string(c.coingecko.key.empty() ? "" : "***"); }},
      {"coingecko.key_file", "text", "a file that holds the API key", SetKeyFile, [](const Config&) { return std::string(); }},
      Text("coingecko.base_url", "empty: the plan's own", [](Config& c) -> auto& { return c.coingecko.base_url; }),
      Text("coingecko.vs_currency", "currency of the prices", [](Config& c) -> auto& { return c.coingecko.vs_currency; }),
      List("coingecko.coins", "CoinGecko's ids of the coins", [](Config& c) -> auto& { return c.coingecko.coins; }),
      {"coingecko.pace", "duration", "time between polls; empty: 15s, or as the month's budget allows", SetPace,
       [](const Config& c) { return c.coingecko.pace ? DurationText(*c.coingecko.pace) : std::string(); }},
      {"coingecko.run_out", "text", "spend the month's calls evenly until this day (2026-01-31) instead", SetRunOut,
       [](const Config& c) { return c.coingecko.run_out ? FormatDate(*c.coingecko.run_out) : std::string(); }},
      OptionalInteger("coingecko.calls_per_minute", "empty: the plan's", 1, 10'000,
                      [](Config& c) -> auto& { return c.coingecko.calls_per_minute; }),
      OptionalInteger("coingecko.calls_per_month", "empty: the plan's", 1, 1'000'000'000,
                      [](Config& c) -> auto& { return c.coingecko.calls_per_month; }),
      Duration("coingecko.connect_timeout", "for the connection", 100ms, 1min,
               [](Config& c) -> auto& { return c.coingecko.http.connect_timeout; }),
      Duration("coingecko.timeout", "for a whole answer", 1s, 10min,
               [](Config& c) -> auto& { return c.coingecko.http.total_timeout; }),
      Text("coingecko.ca_file", "certificates to trust instead of the system's",
           [](Config& c) -> auto& { return c.coingecko.http.ca_file; }),
  };
}

std::vector<ConfigKey> ServeKeys() {
  using namespace std::chrono_literals;
  return {
      Text("serve.address", "address to listen on", [](Config& c) -> auto& { return c.serve.address; }),
      Integer("serve.port", "port to listen on; 0: any free one", 0, 65535, [](Config& c) -> auto& { return c.serve.port; }),
      Bool("serve.allow_remote", "must be true to listen on anything but loopback",
           [](Config& c) -> auto& { return c.serve.allow_remote; }),
      List("serve.allowed_hosts", "further host names under which the page may be asked for",
           [](Config& c) -> auto& { return c.serve.allowed_hosts; }),
      List("serve.source_order", "which source answers for a coin, the first that has a row",
           [](Config& c) -> auto& { return c.serve.source_order; }),
      Duration("serve.live_age", "a price up to this age is live", 1s, 24h, [](Config& c) -> auto& { return c.serve.live_age; }),
      Duration("serve.delayed_age", "up to this age delayed, then stale", 1s, 48h,
               [](Config& c) -> auto& { return c.serve.delayed_age; }),
      Duration("serve.query_timeout", "longest query of the API", 100ms, 5min,
               [](Config& c) -> auto& { return c.serve.query_timeout; }),
      Integer("serve.query_threads", "threads of DuckDB", 1, 64, [](Config& c) -> auto& { return c.serve.query_threads; }),
      Integer("serve.query_memory_mb", "memory of DuckDB", 64, 1 << 20,
              [](Config& c) -> auto& { return c.serve.query_memory_mb; }),
      Integer("serve.max_connections", "open at once", 8, 100'000, [](Config& c) -> auto& { return c.serve.max_connections; }),
      Integer("serve.max_connections_per_address", "open at once from one address", 1, 100'000,
              [](Config& c) -> auto& { return c.serve.max_connections_per_address; }),
      OneOf<LogLevel>(
          "log.level", "least level that is printed",
          {{"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}},
          [](Config& c) -> auto& { return c.log_level; }),
  };
}

}  // namespace

const std::vector<ConfigKey>& ConfigKeys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all;
    for (auto part : {LakeKeys(), SourceKeys(), ServeKeys()}) all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

}  // namespace cryptostream
