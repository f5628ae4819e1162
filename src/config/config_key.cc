// The table of settings: path, meaning, range, flag, and how the text becomes a value. The checks, the flags, `config print`,
// `config schema` and docs/settings.md all come from here, so a setting exists once.
#include "config/config_key.h"

#include "base/file.h"
#include "base/secret.h"
#include "config/config_key_kinds.h"
#include "market/name.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

Result<Secret> ReadSecret(std::string_view path) {
  constexpr std::uintmax_t kMostBytes = 1 << 16;  // a private key in PEM form fits
  CS_ASSIGN(std::filesystem::path file, LocalPath(path));
  CS_ASSIGN(std::string text, ReadFile(file, kMostBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) return Invalid("a file that must hold a secret is empty: path=" + file.string());
  Secret secret(text);
  HideInOutput(secret);
  return secret;
}

Status SetRunOut(Config& c, std::string_view text) {
  c.coingecko.run_out.reset();
  if (text.empty()) return {};
  CS_ASSIGN(Timestamp day, ParseRfc3339(std::string(text) + "T00:00:00Z"));
  c.coingecko.run_out = DateOf(day);
  return {};
}

Status SetKeyFile(Config& c, std::string_view text) {
  if (text.empty()) return {};
  CS_ASSIGN(c.coingecko.key, ReadSecret(text));
  return {};
}

constexpr TextRule kAnyText;
constexpr TextRule kTopic{kTopicPattern, kTopicHint};
constexpr TextRule kCoin{kNamePattern, "as CoinGecko spells it: bitcoin"};
constexpr TextRule kCurrency{kQuotePattern, "as CoinGecko spells it: usd"};
constexpr TextRule kCurrencies{kQuotePattern, "codes as usd"};
constexpr TextRule kSource{kNamePattern, "names as coingecko"};
constexpr bool kMayBeEmpty = true, kNeeded = false;

std::vector<ConfigKey> LakeKeys() {
  using namespace std::chrono_literals;
  return {
      Path({"storage.path", "The directory that holds the tables.", "/data/lake", "--storage"}, kNeeded,
           [](Config& c) -> auto& { return c.lake.root; }),
      Bool(
          {"storage.fsync",
           "Whether data is forced to the disk before it counts. false is for benchmarks: a power cut then loses data.", "false"},
          [](Config& c) -> auto& { return c.lake.fsync; }),
      Duration({"engine.lateness",
                "How far an event may lie behind the newest one before its window closes. A later row still corrects the window.",
                "45s"},
               0ms, 24h, [](Config& c) -> auto& { return c.lake.lateness; }),
      Duration({"engine.idle_after", "A source that has been silent for this long no longer holds windows open.", "2m"}, 1s, 24h,
               [](Config& c) -> auto& { return c.lake.idle_after; }),
      Duration({"engine.commit_every", "How long bronze gathers the rows of a stream. After a quiet interval it commits at once.",
                "250ms"},
               10ms, 1min, [](Config& c) -> auto& { return c.lake.commit_every; }),
      Integer({"engine.commit_bytes", "Bronze commits earlier when it holds this many bytes.", "16777216"}, 1 << 16, 1 << 30,
              [](Config& c) -> auto& { return c.lake.commit_bytes; }),
      Duration({"engine.correct_every", "Windows with late rows are replaced at most this often.", "1s"}, 0ms, 10s,
               [](Config& c) -> auto& { return c.lake.correct_every; }),
      List({"gold.source_order",
            "Which source's row gold takes for a coin and window: the first of these that has one; then the others, by name. A "
            "change "
            "holds from now on.",
            "kraken, coingecko"},
           kSource, [](Config& c) -> auto& { return c.lake.order.order.sources; }),
      List({"gold.quote_order", "Which currency's row, of a source that has several.", "eur, usd"}, kCurrencies,
           [](Config& c) -> auto& { return c.lake.order.order.quotes; }),
  };
}

std::vector<ConfigKey> MaintenanceKeys() {
  using namespace std::chrono_literals;
  constexpr auto kYears = std::chrono::hours(24 * 366 * 100);
  auto options = [](Config& c) -> MaintenanceOptions& { return c.lake.maintenance; };
  std::vector<ConfigKey> keys{
      Bool({"maintenance.enabled", "Whether the running program keeps the lake small. The commands work either way.", "false"},
           [=](Config& c) -> auto& { return options(c).enabled; }),
      Duration({"maintenance.compact_every", "How often to look for small files to merge.", "1m"}, 10ms, 24h,
               [=](Config& c) -> auto& { return options(c).compact_every; }),
      Duration({"maintenance.clean_every", "How often to clean up logs and removed files.", "1h"}, 10ms, 24h,
               [=](Config& c) -> auto& { return options(c).clean_every; }),
      Integer({"maintenance.compact_files", "This many files of about one size are merged into one.", "20"}, 2, 256,
              [=](Config& c) -> auto& { return options(c).compact_files; }),
      Integer({"maintenance.target_bytes", "A file of at least this size is left alone.", "268435456"}, 1 << 16,
              std::int64_t{1} << 34, [=](Config& c) -> auto& { return options(c).target_bytes; }),
      Integer({"maintenance.memory_bytes", "About how much memory one compaction may hold.", "134217728"}, 1 << 20,
              std::int64_t{1} << 34, [=](Config& c) -> auto& { return options(c).memory_bytes; }),
      Duration({"maintenance.closed_after", "A partition without new files for this long is compacted further.", "30m"}, 0ms, 24h,
               [=](Config& c) -> auto& { return options(c).closed_after; }),
      Retention({"maintenance.log_retention", "How long old versions of the tables stay readable. 0s: not at all.", "7d"}, kYears,
                [=](Config& c) -> auto& { return options(c).log_retention; }),
      Retention({"maintenance.file_retention", "How long removed files stay on the disk: at least as long as the longest query.",
                 "12h"},
                kYears, [=](Config& c) -> auto& { return options(c).file_retention; }),
  };
  for (const TableLayout* layout : AllLayouts()) {
    keys.push_back(
        Retention({"maintenance.retain_" + layout->name, "Days of " + layout->name + " older than this are dropped.", "90d"}, 0ms,
                  [=, name = layout->name](Config& c) -> auto& { return options(c).retain[name]; }));
  }
  return keys;
}

std::vector<ConfigKey> SourceKeys() {
  return {
      OneOf<SourceKind>(
          {"source.kind",
           "Where prices come from. auto is CoinGecko, and the bundled recording while CoinGecko cannot be reached.", "coingecko",
           "--source"},
          {{"auto", SourceKind::kAuto}, {"coingecko", SourceKind::kCoinGecko}, {"replay", SourceKind::kReplay}},
          [](Config& c) -> auto& { return c.source.kind; }),
      Integer({"source.backfill_days", "How many days of history a new lake begins with.", "30"}, 0, 365,
              [](Config& c) -> auto& { return c.source.backfill_days; }),
      Path({"source.demo_path", "The directory of the recording's lake. It is emptied whenever the recording starts.",
            "/data/demo"},
           kNeeded, [](Config& c) -> auto& { return c.source.demo_path; }),
  };
}

// The key is held, but never shown.
std::vector<ConfigKey> CoinGeckoKeyKeys() {
  ConfigKey key =
      KeyOf({"coingecko.key", "The API key. It comes from the environment only. A key without a plan is one of the demo plan.",
             "CG-..."},
            {.kind = ValueKind::kSecret, .may_be_empty = true});
  key.assign = [](Config& c, std::string_view text) -> Status {
    c.coingecko.key = Secret(std::string(text));
    HideInOutput(c.coingecko.key);
    return {};
  };
  key.get = [](const Config& c) { return std::string(c.coingecko.key.empty() ? "" : "***"); };
  ConfigKey file = KeyOf({"coingecko.key_file", "A file that holds the API key.", "coingecko-key"},
                         {.kind = ValueKind::kPath, .may_be_empty = true});
  file.assign = SetKeyFile;
  file.get = [](const Config&) { return std::string(); };
  return {key, file};
}

ConfigKey RunOutKey() {
  ConfigKey key =
      KeyOf({"coingecko.run_out", "Spend the month's calls evenly until this day, instead of at a fixed pace.", "2026-01-31"},
            {.kind = ValueKind::kDay, .may_be_empty = true});
  key.assign = SetRunOut;
  key.get = [](const Config& c) { return c.coingecko.run_out ? FormatDate(*c.coingecko.run_out) : std::string(); };
  return key;
}

std::vector<ConfigKey> CoinGeckoKeys() {
  using namespace std::chrono_literals;
  std::vector<ConfigKey> keys{
      OneOf<CoinGeckoPlan>({"coingecko.plan", "The CoinGecko plan that the key belongs to.", "demo"},
                           {{"keyless", CoinGeckoPlan::kKeyless}, {"demo", CoinGeckoPlan::kDemo}, {"pro", CoinGeckoPlan::kPro}},
                           [](Config& c) -> auto& { return c.coingecko.plan; }),
  };
  for (ConfigKey& key : CoinGeckoKeyKeys()) keys.push_back(std::move(key));
  std::vector<ConfigKey> more{
      Text({"coingecko.base_url", "The address of the API. Empty: the plan's own.", "https://proxy.example.org/api/v3"}, kAnyText,
           kMayBeEmpty, [](Config& c) -> auto& { return c.coingecko.base_url; }),
      Text({"coingecko.vs_currency", "The currency of the prices.", "eur"}, kCurrency, kNeeded,
           [](Config& c) -> auto& { return c.coingecko.vs_currency; }),
      List({"coingecko.coins", "The coins to ask for, by CoinGecko's ids.", "bitcoin, monero"}, kCoin,
           [](Config& c) -> auto& { return c.coingecko.coins; }),
      OptionalDuration(
          {"coingecko.pace", "The time between two polls. Not set: 15s, or more where the month's budget asks for it.", "30s"},
          1s, 24h, [](Config& c) -> auto& { return c.coingecko.pace; }),
      RunOutKey(),
      OptionalInteger({"coingecko.calls_per_minute", "How many calls a minute are allowed. Not set: the plan's limit.", "20"}, 1,
                      10'000, [](Config& c) -> auto& { return c.coingecko.calls_per_minute; }),
      OptionalInteger({"coingecko.calls_per_month", "How many calls a month are allowed. Not set: the plan's limit.", "5000"}, 1,
                      1'000'000'000, [](Config& c) -> auto& { return c.coingecko.calls_per_month; }),
      Duration({"coingecko.connect_timeout", "The longest wait for a connection.", "10s"}, 100ms, 1min,
               [](Config& c) -> auto& { return c.coingecko.http.connect_timeout; }),
      Duration({"coingecko.timeout", "The longest wait for a whole answer.", "20s"}, 1s, 10min,
               [](Config& c) -> auto& { return c.coingecko.http.total_timeout; }),
      Path({"coingecko.ca_file", "Certificates to trust instead of the system's.", "/etc/ssl/my-ca.pem"}, kMayBeEmpty,
           [](Config& c) -> auto& { return c.coingecko.http.ca_file; }),
  };
  for (ConfigKey& key : more) keys.push_back(std::move(key));
  return keys;
}

std::vector<ConfigKey> KafkaKeys() {
  return {
      Text({"kafka.broker", "Brokers to begin with, as HOST:PORT, separated by commas.", "kafka-1:9092,kafka-2:9092", "--broker"},
           kAnyText, kNeeded, [](Config& c) -> auto& { return c.kafka.broker; }),
      Text({"kafka.topic", "The topic between source and tables.", "prices", "--topic"}, kTopic, kNeeded,
           [](Config& c) -> auto& { return c.kafka.topic; }),
      Text({"kafka.group", "The consumer group under which the offsets in bronze are shown.", "lake-2", "--group"}, kAnyText,
           kMayBeEmpty, [](Config& c) -> auto& { return c.kafka.group; }),
      Integer({"kafka.partitions", "How many partitions a topic gets that the producer makes. 0: the broker's default.", "6"}, 0,
              10'000, [](Config& c) -> auto& { return c.kafka.partitions; }),
      Path({"kafka.spool_path", "Where the producer keeps what the broker has not taken yet. Empty: below the storage.",
            "/data/spool"},
           kMayBeEmpty, [](Config& c) -> auto& { return c.kafka.spool_path; }),
      Integer({"kafka.spool_mb", "How much may wait there. When it is full, the source is paused.", "4096"}, 1, 1 << 20,
              [](Config& c) -> auto& { return c.kafka.spool_mb; }),
      Text({"kafka.marks_topic",
            "The topic for what is no message: rejected bodies and gaps of the source. Empty: the topic's name with -marks.",
            "prices-marks"},
           kTopic, kMayBeEmpty, [](Config& c) -> auto& { return c.kafka.marks_topic; }),
      OneOf<std::string>({"kafka.compression", "How records are compressed. Every client reads gzip.", "zstd"},
                         {{"gzip", "gzip"}, {"lz4", "lz4"}, {"zstd", "zstd"}, {"snappy", "snappy"}, {"none", "none"}},
                         [](Config& c) -> auto& { return c.kafka.compression; }),
      Text({"kafka.dlq_topic", "A topic that gets every message of kafka.topic that goes to quarantine. Empty: none.",
            "prices-rejected", "--dlq-topic"},
           kTopic, kMayBeEmpty, [](Config& c) -> auto& { return c.kafka.dlq_topic; }),
      Bool({"kafka.accept_data_loss", "Go on when the broker has lost offsets, and write a row to the gaps table.", "true",
            "--accept-data-loss"},
           [](Config& c) -> auto& { return c.kafka.accept_data_loss; }),
  };
}

std::vector<ConfigKey> ServeKeys() {
  using namespace std::chrono_literals;
  return {
      Text({"serve.address", "The IP address to listen on.", "::1", "--address"}, kAnyText, kMayBeEmpty,
           [](Config& c) -> auto& { return c.serve.address; }),
      Integer({"serve.port", "The port to listen on. 0: any free one.", "9000", "--port"}, 0, 65535,
              [](Config& c) -> auto& { return c.serve.port; }),
      Bool({"serve.allow_remote", "Must be true to listen on anything but loopback. There is no login: put a proxy in front.",
            "true"},
           [](Config& c) -> auto& { return c.serve.allow_remote; }),
      List({"serve.allowed_hosts",
            "Further host names under which the page may be opened. Off loopback any name is answered unless some are listed "
            "here.",
            "prices.example.org"},
           kAnyText, [](Config& c) -> auto& { return c.serve.allowed_hosts; }),
      Duration({"serve.live_age", "A price up to this old is live.", "1m"}, 1s, 24h,
               [](Config& c) -> auto& { return c.serve.live_age; }),
      Duration({"serve.delayed_age", "A price up to this old is delayed; an older one is stale.", "15m"}, 1s, 48h,
               [](Config& c) -> auto& { return c.serve.delayed_age; }),
      Duration({"serve.query_timeout", "The longest that a query of the API may take.", "30s"}, 100ms, 5min,
               [](Config& c) -> auto& { return c.serve.query_timeout; }),
      Integer({"serve.query_threads", "How many threads DuckDB uses.", "4"}, 1, 64,
              [](Config& c) -> auto& { return c.serve.query_threads; }),
      Integer({"serve.query_memory_mb", "How much memory DuckDB uses.", "1024"}, 64, 1 << 20,
              [](Config& c) -> auto& { return c.serve.query_memory_mb; }),
      Integer({"serve.max_connections", "How many connections may be open at once.", "2000"}, 8, 100'000,
              [](Config& c) -> auto& { return c.serve.max_connections; }),
      Integer({"serve.max_connections_per_address", "How many of them one address may have.", "256"}, 1, 100'000,
              [](Config& c) -> auto& { return c.serve.max_connections_per_address; }),
      Integer({"serve.max_streams_per_address", "How many event streams one address may have open at once.", "64"}, 1, 100'000,
              [](Config& c) -> auto& { return c.serve.max_streams_per_address; }),
      Integer({"serve.max_requests_per_second",
               "How many requests a second one address may send, twice that at once; 0: any number.", "500"},
              0, 1'000'000, [](Config& c) -> auto& { return c.serve.max_requests_per_second; }),
      List({"serve.allowed_origins",
            "Origins whose pages may read the API in a browser; of the original's route http://localhost:3000 always may.",
            "https://charts.example.org"},
           kAnyText, [](Config& c) -> auto& { return c.serve.allowed_origins; }),
      List({"serve.proxies", "Addresses that many clients come from, such as a proxy's: each may have any number of streams.",
            "10.0.0.1"},
           kAnyText, [](Config& c) -> auto& { return c.serve.proxies; }),
      OneOf<LogLevel>(
          {"log.level", "The least level that is printed.", "debug"},
          {{"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}},
          [](Config& c) -> auto& { return c.log_level; }),
  };
}

}  // namespace

std::string CurrentPath(const std::string& path) {
  constexpr std::string_view kOldEngine = "stream.";             // until `stream` was a command
  if (path == "serve.source_order") return "gold.source_order";  // until the order was the tables'
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
    for (auto part : {LakeKeys(), MaintenanceKeys(), SourceKeys(), CoinGeckoKeys(), KafkaKeys(), PostgresKeys(), ServeKeys()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return keys;
}

const ConfigKey* FindConfigKey(std::string_view path) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

}  // namespace cryptostream
