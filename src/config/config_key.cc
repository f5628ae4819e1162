// The table of settings: path, type, meaning, and how the text becomes a value. `config schema`, `config print`, the checks of
// unknown keys and docs/configuration.md all come from here, so a setting exists once.
#include "config/config_key.h"

#include "base/file.h"
#include "base/secret.h"
#include "config/config_key_kinds.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

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

Result<Secret> ReadSecret(std::string_view path) {
  constexpr std::uintmax_t kMostBytes = 1 << 16;  // a private key in PEM form fits
  CS_ASSIGN(std::filesystem::path file, LocalPath(path));
  CS_ASSIGN(std::string text, ReadFile(file, kMostBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  Secret secret(text);
  HideInOutput(secret);
  return secret;
}

Status SetKeyFile(Config& c, std::string_view text) {
  if (text.empty()) return {};
  CS_ASSIGN(c.coingecko.key, ReadSecret(text));
  return {};
}

std::vector<ConfigKey> LakeKeys() {
  using namespace std::chrono_literals;
  return {
      Path("storage.path", "where the tables lie", [](Config& c) -> auto& { return c.lake.root; }),
      Bool("storage.fsync", "false loses data in a power cut; for benchmarks", [](Config& c) -> auto& { return c.lake.fsync; }),
      Duration("engine.lateness", "how far events may lie behind the newest one before their window closes", 0ms, 24h,
               [](Config& c) -> auto& { return c.lake.lateness; }),
      Duration("engine.idle_after", "a silent source no longer holds its windows open after this", 1s, 24h,
               [](Config& c) -> auto& { return c.lake.idle_after; }),
      Duration("engine.commit_every", "in a stream bronze gathers rows for so long; after a quiet interval it commits at once",
               10ms, 1min, [](Config& c) -> auto& { return c.lake.commit_every; }),
      Integer("engine.commit_bytes", "or until it holds so many bytes", 1 << 16, 1 << 30,
              [](Config& c) -> auto& { return c.lake.commit_bytes; }),
      Duration("engine.correct_every", "windows with late rows are replaced at most so often", 0ms, 10s,
               [](Config& c) -> auto& { return c.lake.correct_every; }),
  };
}

std::vector<ConfigKey> MaintenanceKeys() {
  using namespace std::chrono_literals;
  constexpr auto kYears = std::chrono::hours(24 * 366 * 100);
  auto options = [](Config& c) -> MaintenanceOptions& { return c.lake.maintenance; };
  std::vector<ConfigKey> keys{
      Bool("maintenance.enabled", "keep the lake small while it is written",
           [=](Config& c) -> auto& { return options(c).enabled; }),
      Duration("maintenance.compact_every", "between looks for small files", 10ms, 24h,
               [=](Config& c) -> auto& { return options(c).compact_every; }),
      Duration("maintenance.clean_every", "between clean-ups of logs and files", 10ms, 24h,
               [=](Config& c) -> auto& { return options(c).clean_every; }),
      Integer("maintenance.compact_files", "so many files of about one size become one", 2, 256,
              [=](Config& c) -> auto& { return options(c).compact_files; }),
      Integer("maintenance.target_bytes", "a file of this size is left alone", 1 << 16, std::int64_t{1} << 34,
              [=](Config& c) -> auto& { return options(c).target_bytes; }),
      Integer("maintenance.memory_bytes", "about what one compaction may hold", 1 << 20, std::int64_t{1} << 34,
              [=](Config& c) -> auto& { return options(c).memory_bytes; }),
      Duration("maintenance.closed_after", "a partition without new files for so long is compacted further", 0ms, 24h,
               [=](Config& c) -> auto& { return options(c).closed_after; }),
      Retention("maintenance.log_retention",
                "old versions stay readable for so long; 0s: not at all, never: they are kept for good", kYears,
                [=](Config& c) -> auto& { return options(c).log_retention; }),
      Retention("maintenance.file_retention", "removed files stay for so long, the longest query; never: they are kept for good",
                kYears, [=](Config& c) -> auto& { return options(c).file_retention; }),
  };
  for (const TableLayout* layout : AllLayouts()) {
    keys.push_back(Retention("maintenance.retain_" + layout->name,
                             "days of " + layout->name + " older than this are dropped; or never", 0ms,
                             [=, name = layout->name](Config& c) -> auto& { return options(c).retain[name]; }));
  }
  return keys;
}

std::vector<ConfigKey> SourceKeys() {
  using namespace std::chrono_literals;
  return {
      OneOf<SourceKind>("source.kind", "auto plays the bundled recording while CoinGecko cannot be reached",
                        {{"auto", SourceKind::kAuto}, {"coingecko", SourceKind::kCoinGecko}, {"replay", SourceKind::kReplay}},
                        [](Config& c) -> auto& { return c.source.kind; }),
      Integer("source.backfill_days", "days of history that a new lake begins with", 0, 365,
              [](Config& c) -> auto& { return c.source.backfill_days; }),
      Path("source.demo_path", "the lake of the bundled recording", [](Config& c) -> auto& { return c.source.demo_path; }),
      OneOf<CoinGeckoPlan>("coingecko.plan", "what the key belongs to",
                           {{"keyless", CoinGeckoPlan::kKeyless}, {"demo", CoinGeckoPlan::kDemo}, {"pro", CoinGeckoPlan::kPro}},
                           [](Config& c) -> auto& { return c.coingecko.plan; }),
      {"coingecko.key", "secret", "the API key; only from the environment (CRYPTOSTREAM_COINGECKO__KEY)",
       [](Config& c, std::string_view text) -> Status {
         c.coingecko.key = Secret(std::string(text));
         HideInOutput(c.coingecko.key);
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
      Path("coingecko.ca_file", "certificates to trust instead of the system's",
           [](Config& c) -> auto& { return c.coingecko.http.ca_file; }),
  };
}

std::vector<ConfigKey> KafkaKeys() {
  return {
      Text("kafka.broker", "HOST:PORT of brokers to begin with, comma separated",
           [](Config& c) -> auto& { return c.kafka.broker; }),
      Text("kafka.topic", "the topic between source and tables", [](Config& c) -> auto& { return c.kafka.topic; }),
      Text("kafka.group", "group under which the offsets in bronze are shown", [](Config& c) -> auto& { return c.kafka.group; }),
      Integer("kafka.partitions", "of a topic that the producer makes; 0: the broker's default", 0, 10'000,
              [](Config& c) -> auto& { return c.kafka.partitions; }),
      Path("kafka.spool_path", "the producer's durable memory; empty: below the storage",
           [](Config& c) -> auto& { return c.kafka.spool_path; }),
      Integer("kafka.spool_mb", "how much waits there while the broker is away; full, the source is paused", 1, 1 << 20,
              [](Config& c) -> auto& { return c.kafka.spool_mb; }),
      Text("kafka.marks_topic",
           "topic for what is no message: rejected bodies and gaps of the producer's source; empty: <kafka.topic>-marks",
           [](Config& c) -> auto& { return c.kafka.marks_topic; }),
      OneOf<std::string>("kafka.compression",
                         "of records that are written: gzip, which every client reads, or lz4, zstd, snappy, none",
                         {{"gzip", "gzip"}, {"lz4", "lz4"}, {"zstd", "zstd"}, {"snappy", "snappy"}, {"none", "none"}},
                         [](Config& c) -> auto& { return c.kafka.compression; }),
      Text("kafka.dlq_topic", "topic that gets every message of kafka.topic that goes to quarantine; empty: off",
           [](Config& c) -> auto& { return c.kafka.dlq_topic; }),
      Bool("kafka.accept_data_loss", "go on over lost offsets, with a row in the gaps table",
           [](Config& c) -> auto& { return c.kafka.accept_data_loss; }),
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
      Integer("serve.max_streams_per_address", "event streams open at once to one address", 1, 100'000,
              [](Config& c) -> auto& { return c.serve.max_streams_per_address; }),
      List("serve.proxies", "addresses that many clients come from: any number of streams for each",
           [](Config& c) -> auto& { return c.serve.proxies; }),
      OneOf<LogLevel>(
          "log.level", "least level that is printed",
          {{"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}},
          [](Config& c) -> auto& { return c.log_level; }),
  };
}

}  // namespace

std::string CurrentPath(const std::string& path) {
  constexpr std::string_view kOldEngine = "stream.";  // until `stream` was a command
  return path.starts_with(kOldEngine) ? "engine." + path.substr(kOldEngine.size()) : path;
}

Status SetPassedThrough(Config& config, const std::string& name, std::string_view text) {
  constexpr std::string_view kFile = "_file";
  if (std::string bare = name.substr(0, name.size() - std::min(name.size(), kFile.size()));
      name.ends_with(kFile) && IsSecretSetting(bare)) {
    CS_ASSIGN(config.kafka.librdkafka[bare], ReadSecret(text));
    return {};
  }
  Secret& value = config.kafka.librdkafka[name] = Secret(std::string(text));
  if (IsSecretSetting(name)) HideInOutput(value);
  return {};
}

const std::vector<ConfigKey>& ConfigKeys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all;
    for (auto part : {LakeKeys(), MaintenanceKeys(), SourceKeys(), KafkaKeys(), ServeKeys()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

}  // namespace cryptostream
