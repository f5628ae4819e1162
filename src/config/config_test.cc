// Settings from everywhere: what wins, and what a person is told when one is wrong.
#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <regex>
#include <set>

#include "base/file.h"
#include "config/config_key.h"

namespace cryptostream {
namespace {

using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(file_); }
  Result<Config> FromFile(const std::string& text, std::vector<std::string> settings = {}) {
    std::ofstream(file_) << text;
    return LoadConfig({file_, {}, std::move(settings)});
  }
  const std::filesystem::path file_ = std::filesystem::temp_directory_path() / ("config-" + RandomHexId() + ".toml");
};

TEST_F(ConfigTest, TheFileIsRead) {
  auto config = FromFile(
      "[serve]\nport = 9000\n[engine]\nlateness = \"45s\"\n[coingecko]\ncoins = [\"bitcoin\", \"tron\"]\n[symbols]\nXBTUSD = "
      "\"bitcoin\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->serve.port, 9000);
  EXPECT_EQ(config->lake.lateness, std::chrono::seconds(45));
  EXPECT_THAT(config->coingecko.coins, testing::ElementsAre("bitcoin", "tron"));
  EXPECT_EQ(config->symbols["XBTUSD"], "bitcoin");
}

TEST_F(ConfigTest, ASymbolCanSayItsCurrencyAndASourceItsOwn) {
  auto config = FromFile(
      "[coingecko]\nvs_currency = \"EUR\"\n[symbols]\nXBTZ = {coin = \"bitcoin\", quote = \"GBP\"}\n[quotes]\nkraken = "
      "\"EUR\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->symbols["XBTZ"], Symbol("bitcoin", "gbp"));
  EXPECT_THAT(config->lake.quotes, testing::ElementsAre(testing::Pair("coingecko", "eur"),
                                                        testing::Pair("coingecko_chart", "eur"), testing::Pair("kraken", "eur")));
  EXPECT_THAT(PrintConfig(*config), HasSubstr("\"XBTZ\" = {coin = \"bitcoin\", quote = \"gbp\"}"));
  EXPECT_THAT(PrintConfig(*config), HasSubstr("[quotes]\n\"kraken\" = \"eur\""));
}

// Where a value can come from, the weakest first.
enum Origin { kDefault, kFile, kEnvironment, kFlag, kSet, kOrigins };

std::string Variable(std::string path) {
  std::string name = "CRYPTOSTREAM_";
  for (char c : path) name += c == '.' ? "__" : std::string(1, static_cast<char>(std::toupper(c)));
  return name;
}

// A value of the key other than `not_this`, as text; empty when none of those that are tried is taken.
std::string SomeValue(const ConfigKey& key, const std::set<std::string>& not_these) {
  for (const char* text :
       {"true", "false",     "70000",  "71000",  "72000", "73000",   "2000000",  "3000000", "4000000", "9",          "10",
        "11",   "12",        "2",      "3",      "4",     "5",       "90s",      "2m",      "3m",      "4m",         "4s",
        "5s",   "6s",        "7s",     "kraken", "lz4",   "zstd",    "coinbase", "zurich",  "bern",    "2026-01-31", "2026-02-28",
        "auto", "coingecko", "replay", "demo",   "pro",   "keyless", "debug",    "warn",    "error",   "disable",    "prefer"}) {
    Config config;
    if (key.Set(config, text) && key.get(config) == text && !not_these.contains(text)) return text;
  }
  return "";
}

TEST_F(ConfigTest, OfEveryTwoOriginsTheStrongerWinsForEveryKey) {
  int pairs = 0;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.shape.kind == ValueKind::kSecret || key.path.ends_with("key_file")) continue;
    std::string before = key.get(Config());
    std::string weak = SomeValue(key, {before}), strong = SomeValue(key, {before, weak});
    ASSERT_NE(weak, "") << key.path;
    if (strong.empty()) strong = before;  // a bool has two
    for (int low = kDefault; low < kOrigins; ++low) {
      for (int high = low + 1; high < kOrigins; ++high) {
        ConfigSources sources;
        auto give = [&](int origin, const std::string& text) {
          auto dot = key.path.find('.');
          bool bare = key.shape.kind == ValueKind::kBool || key.shape.kind == ValueKind::kInteger;
          if (origin == kFile) {
            std::ofstream(file_) << "[" << key.path.substr(0, dot) << "]\n"
                                 << key.path.substr(dot + 1) << " = " << (bare ? text : "\"" + text + "\"") << "\n";
            sources.file = file_;
          }
          if (origin == kEnvironment) sources.environment = {{Variable(key.path), text}};
          if (origin == kFlag) sources.flags = {{"--flag", key.path, text}};
          if (origin == kSet) sources.settings = {key.path + "=" + text};
        };
        give(low, weak);
        give(high, strong);
        auto config = LoadConfig(sources);
        ASSERT_TRUE(config) << config.error().message;
        EXPECT_EQ(key.get(*config), strong) << key.path << " low=" << low << " high=" << high;
        ++pairs;
      }
    }
  }
  EXPECT_GT(pairs, 500);
}

TEST_F(ConfigTest, AnExampleIsTakenAndIsNotTheDefault) {
  const Config defaults;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(CheckValue(key, key.example)) << key.path;
    EXPECT_NE(key.get(defaults), key.example) << key.path;
    EXPECT_TRUE(key.help.ends_with('.')) << key.path << ": sentences end with a stop";
  }
}

// Texts at and around the ends of a range, in every unit, and what is no number at all.
std::vector<std::string> Probes(const ValueShape& shape) {
  std::vector<std::string> probes{"",
                                  "never",
                                  "0",
                                  "00s",
                                  "01d",
                                  "1.5s",
                                  "1 s",
                                  "-1s",
                                  "2026-01-31",
                                  "2026-13-01",
                                  "a b",
                                  "a/b",
                                  ".",
                                  "..",
                                  "s3://lake",
                                  "file:///a%20",
                                  "file://other/a",
                                  "file:///%zz",
                                  "ä",
                                  std::string(240, 'x'),
                                  std::string(250, 'x')};
  if (shape.kind != ValueKind::kDuration) return probes;
  for (auto [ms, unit] : {std::pair{1, "ms"}, {1000, "s"}, {60'000, "m"}, {3'600'000, "h"}, {86'400'000, "d"}}) {
    for (std::int64_t end : {shape.least / ms, shape.most / ms}) {
      for (std::int64_t off : {-1000, -101, -10, -2, -1, 0, 1, 2, 9, 10, 99, 1000}) {
        if (end + off >= 0) probes.push_back(std::to_string(end + off) + unit);
      }
    }
    for (std::int64_t number = 1; number <= shape.most / ms * 2; number += number / 3 + 1)
      probes.push_back(std::to_string(number) + unit);
  }
  return probes;
}

TEST_F(ConfigTest, ThePatternOfAValueIsItsCheck) {
  int compared = 0;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string pattern = PatternOf(key.shape);
    if (pattern.empty() || key.path == "coingecko.key_file") continue;
    const std::regex compiled(pattern);
    for (const std::string& text : Probes(key.shape)) {
      if (key.shape.kind == ValueKind::kList && text.find_first_not_of(", ") == std::string::npos) continue;  // an empty list
      auto config = LoadConfig({.settings = {key.path + "=" + text}});
      bool good = config.has_value();
      // Whether durations fit together is another question.
      if (good && key.shape.kind != ValueKind::kDuration) good = ConfigProblems(*config, ConfigUse::kRun).empty();
      EXPECT_EQ(std::regex_match(text, compiled), good) << key.path << " = " << text << "\n" << pattern;
      ++compared;
    }
  }
  EXPECT_GT(compared, 3000);
}

TEST_F(ConfigTest, OldNamesWorkWithAWarning) {
  for (const ConfigSources& sources : {ConfigSources{.environment = {{"CRYPTOSTREAM_STREAM__LATENESS", "45s"}}},
                                       ConfigSources{.settings = {"stream.lateness=45s"}}}) {
    auto config = LoadConfig(sources);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->lake.lateness, std::chrono::seconds(45));
    EXPECT_THAT(config->warnings, testing::ElementsAre(HasSubstr("it is now engine.lateness")));
  }
  auto config = FromFile("[stream]\nlateness = \"45s\"\n");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings, testing::ElementsAre(HasSubstr(file_.string() + ":2")));
  EXPECT_THAT(FromFile("[stream]\nlatenes = \"1s\"\n").error().message, HasSubstr("did you mean engine.lateness?"));
}

TEST_F(ConfigTest, NeverIsAWordAndZeroIsAtOnce) {
  auto config = FromFile("", {"maintenance.retain_bronze=never", "maintenance.log_retention=never"});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->lake.maintenance.retain["bronze"].count(), 0);
  EXPECT_GT(config->lake.maintenance.log_retention, std::chrono::hours(24 * 365 * 99));
  EXPECT_TRUE(config->warnings.empty());
  EXPECT_THAT(PrintConfig(*config), testing::AllOf(HasSubstr("retain_bronze = 'never'"), HasSubstr("log_retention = 'never'")));
  config = FromFile("", {"maintenance.retain_bronze=0s", "maintenance.log_retention=0s"});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->lake.maintenance.retain["bronze"].count(), 0);
  EXPECT_EQ(config->lake.maintenance.log_retention.count(), 0);
  EXPECT_THAT(config->warnings, testing::ElementsAre(HasSubstr("write never")));
  EXPECT_FALSE(FromFile("", {"engine.lateness=never"}));
}

TEST_F(ConfigTest, ASymbolKeepsItsCaseInTheEnvironment) {
  auto config =
      LoadConfig({{}, {{"CRYPTOSTREAM_SYMBOLS__XbtUSD", "bitcoin"}, {"CRYPTOSTREAM_KAFKA__LIBRDKAFKA__SASL__PASSWORD", "x"}}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->symbols["XbtUSD"], "bitcoin");
  EXPECT_TRUE(config->kafka.librdkafka.contains("sasl.password"));
}

TEST_F(ConfigTest, AVariableThatSetsNothingIsSaid) {
  auto warning = [](const std::string& name) {
    auto config = LoadConfig({{}, {{name, "canary"}}});
    return config ? testing::PrintToString(config->warnings) : config.error().message;
  };
  EXPECT_THAT(warning("CRYPTOSTREAM_SERVE_PORT"), HasSubstr("did you mean CRYPTOSTREAM_SERVE__PORT?"));
  EXPECT_THAT(warning("CRYPTOSTREAM_COINGECKO_KEY"),
              testing::AllOf(HasSubstr("CRYPTOSTREAM_COINGECKO__KEY?"), testing::Not(HasSubstr("canary"))));
  EXPECT_THAT(warning("CRYPTOSTREAM_PORT_8000_TCP"), HasSubstr("sets nothing"));
  EXPECT_THAT(warning("CRYPTOSTREAM_SERVE__PROT"), HasSubstr("did you mean serve.port?"));
  EXPECT_THAT(warning("CRYPTOSTREAM_CRASH"), "{}");
}

TEST_F(ConfigTest, AFlagIsNamedAsItWasTyped) {
  auto config = LoadConfig({.flags = {{"--port", "serve.port", "70000"}}});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message,
              testing::AllOf(HasSubstr("bad value for --port: "), HasSubstr("from 0 to 65535"), HasSubstr("key=serve.port")));
}

std::vector<std::string> ProblemsOf(std::vector<std::string> settings, ConfigUse use = ConfigUse::kRun) {
  auto config = LoadConfig({.settings = std::move(settings)});
  return config ? ConfigProblems(*config, use) : std::vector<std::string>{config.error().message};
}

TEST_F(ConfigTest, WhatRunWouldRefuseIsAProblem) {
  using testing::ElementsAre;
  EXPECT_THAT(ProblemsOf({}), testing::IsEmpty());
  EXPECT_THAT(ProblemsOf({"coingecko.coins="}), ElementsAre(HasSubstr("set coingecko.coins")));
  EXPECT_THAT(ProblemsOf({"coingecko.coins=bit coin"}), ElementsAre(HasSubstr("not a coin id")));
  EXPECT_THAT(ProblemsOf({"coingecko.plan=pro"}), ElementsAre(HasSubstr("coingecko.plan=pro needs a key")));
  EXPECT_THAT(ProblemsOf({"coingecko.base_url=ftp://host/"}), ElementsAre(HasSubstr("coingecko.base_url")));
  EXPECT_THAT(ProblemsOf({"serve.live_age=10m", "serve.delayed_age=5m"}), ElementsAre(HasSubstr("[serve.live_age by --set")));
  EXPECT_THAT(ProblemsOf({"symbols.BTC USDT=bitcoin"}), ElementsAre(HasSubstr("not a symbol")));
  EXPECT_THAT(ProblemsOf({"symbols.BTCUSDT="}), ElementsAre(HasSubstr("not a coin id: symbols.BTCUSDT")));
  EXPECT_THAT(ProblemsOf({"symbols.XBTZ.quote=gbp"}), ElementsAre(HasSubstr("not a coin id: symbols.XBTZ")));
  EXPECT_THAT(ProblemsOf({"symbols.BTCUSDT.quote=us d"}), ElementsAre(HasSubstr("not a currency: symbols.BTCUSDT.quote")));
  EXPECT_THAT(ProblemsOf({"quotes.kraken=us d"}), ElementsAre(HasSubstr("not a currency: quotes.kraken")));
  EXPECT_THAT(ProblemsOf({"serve.address=0.0.0.0"}), ElementsAre(HasSubstr("serve.allow_remote")));
  EXPECT_THAT(ProblemsOf({"serve.address=nowhere"}), ElementsAre(HasSubstr("no IP address")));
  EXPECT_THAT(ProblemsOf({"kafka.dlq_topic=crypto-raw"}), ElementsAre(HasSubstr("dead letters")));
  EXPECT_THAT(ProblemsOf({"storage.path="}), ElementsAre(HasSubstr("--storage")));
  EXPECT_THAT(ProblemsOf({"storage.path=./a", "source.demo_path=b/../a"}), ElementsAre(HasSubstr("the same directory")));
  EXPECT_EQ(ProblemsOf({"coingecko.coins=", "serve.live_age=1h"}).size(), 2u);
}

// One answer names all that is wrong, also within one room, each with its own setting and where that came from.
TEST_F(ConfigTest, EveryProblemOfARoomIsSaid) {
  using testing::AllOf, testing::ElementsAre;
  EXPECT_THAT(
      ProblemsOf({"serve.address=nowhere", "serve.live_age=1h", "serve.source_order=a b,c d", "serve.proxies=10.0.0.5,proxy"}),
      ElementsAre(AllOf(HasSubstr("value=a b"), HasSubstr("[gold.source_order by --set]")), HasSubstr("value=c d"),
                  AllOf(HasSubstr("no IP address"), HasSubstr("[serve.address by --set]")),
                  AllOf(HasSubstr("serve.live_age is above"), HasSubstr("[serve.live_age by --set]")),
                  AllOf(HasSubstr("value=proxy"), HasSubstr("[serve.proxies by --set]"))));
  EXPECT_THAT(ProblemsOf({"coingecko.coins=bit coin,x y", "coingecko.vs_currency=u s d", "coingecko.base_url=nothing",
                          "coingecko.plan=pro"}),
              ElementsAre(HasSubstr("\"bit coin\""), HasSubstr("\"x y\""),
                          AllOf(HasSubstr("not a currency"), HasSubstr("[coingecko.vs_currency by --set]")),
                          AllOf(HasSubstr("coingecko.base_url"), HasSubstr("[coingecko.base_url by --set]")),
                          AllOf(HasSubstr("needs a key"), HasSubstr("[coingecko.plan by --set]"))));
  EXPECT_THAT(ProblemsOf({"kafka.topic=a b", "kafka.broker=", "kafka.librdkafka.acks=0", "kafka.librdkafka.nonsense=1"}),
              ElementsAre(HasSubstr("kafka.topic"), HasSubstr("kafka.marks_topic"), HasSubstr("kafka.broker"),
                          AllOf(HasSubstr("made by the program"), HasSubstr("kafka.librdkafka.acks")),
                          HasSubstr("kafka.librdkafka.nonsense")));
}

TEST_F(ConfigTest, OnlyWhatACommandUsesMustBeGood) {
  EXPECT_THAT(ProblemsOf({"coingecko.plan=pro", "serve.live_age=1h"}, ConfigUse::kRead), testing::IsEmpty());
  EXPECT_THAT(ProblemsOf({"coingecko.plan=pro", "source.kind=replay"}), testing::IsEmpty());
  EXPECT_EQ(ProblemsOf({"coingecko.plan=pro", "serve.live_age=1h"}, ConfigUse::kFetch).size(), 1u);
  EXPECT_EQ(ProblemsOf({"coingecko.plan=pro", "serve.live_age=1h"}, ConfigUse::kServe).size(), 1u);
}

TEST_F(ConfigTest, WhatChangedIsListed) {
  auto before = LoadConfig({}),
       after = LoadConfig(
           {{}, {{"CRYPTOSTREAM_COINGECKO__KEY", "x"}}, {"serve.port=1", "symbols.A=b", "kafka.librdkafka.debug=all"}});
  ASSERT_TRUE(before && after);
  EXPECT_THAT(ChangedSettings(*before, *after),
              testing::UnorderedElementsAre("serve.port", "coingecko.key", "symbols", "kafka.librdkafka"));
  EXPECT_THAT(ChangedSettings(*after, *after), testing::IsEmpty());
}

TEST_F(ConfigTest, AnUnknownKeyNamesFileLineAndTheNearest) {
  auto config = FromFile("[engine]\nlatenes = \"1s\"\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr(file_.string() + ":2"));
  EXPECT_THAT(config.error().message, HasSubstr("did you mean engine.lateness?"));
}

TEST_F(ConfigTest, ABadValueSaysWhatIsTaken) {
  EXPECT_THAT(FromFile("[serve]\nport = 70000\n").error().message, HasSubstr("from 0 to 65535"));
  EXPECT_THAT(FromFile("[engine]\nlateness = \"soon\"\n").error().message, HasSubstr("write it as 250ms"));
  EXPECT_THAT(FromFile("[source]\nkind = \"kraken\"\n").error().message, HasSubstr("not one of auto, coingecko, replay"));
  EXPECT_THAT(FromFile("port = = 1\n").error().message, HasSubstr(":1"));
}

TEST_F(ConfigTest, APathIsOneOfThisMachine) {
  for (const char* key : {"storage.path", "source.demo_path", "coingecko.ca_file", "coingecko.key_file", "kafka.spool_path"}) {
    auto refused = LoadConfig({{}, {}, {std::string(key) + "=s3://lake/one"}});
    ASSERT_FALSE(refused) << key;
    EXPECT_THAT(refused.error().message, testing::AllOf(HasSubstr(key), HasSubstr("s3://lake/one"), HasSubstr("not yet")));
  }
  EXPECT_EQ(LoadConfig({{}, {}, {"storage.path=file:///a%20b"}})->lake.root, "/a b");
  EXPECT_EQ(LoadConfig({{}, {}, {"storage.path=x/source=prod/%41[b]?*"}})->lake.root, "x/source=prod/%41[b]?*");
}

TEST_F(ConfigTest, OnlyTextsAndCommentsHoldMoreThanAscii) {
  auto config = FromFile(
      "\xEF\xBB\xBF# Größe \"\n[storage]\npath = \"/Börse\"\n[symbols]\n'ä' = \"tron\"\nA = \"\"\"é \\\" é\"\"\"\"\nB = '''ü\n"
      "'ü'''\nC = \"bitcoin\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->lake.root, "/Börse");
  EXPECT_EQ(config->symbols["C"], "bitcoin");
  EXPECT_THAT(FromFile("[serve]\nport = 1\ngröße = 1\n").error().message, HasSubstr(":3"));
  EXPECT_THAT(FromFile(std::string("[\0]\n", 4)).error().message, HasSubstr(":1"));
  EXPECT_THAT(FromFile("[symbols]\nA = \"a\nB = \"é\"\n").error().message, HasSubstr(":2"));
}

TEST_F(ConfigTest, SecretsComeOnlyFromEnvironmentOrFilesOfTheirOwn) {
  EXPECT_FALSE(FromFile("[coingecko]\nkey = \"abc\"\n"));
  EXPECT_FALSE(FromFile("", {"coingecko.key=abc"}));
  auto config = LoadConfig({{}, {{"CRYPTOSTREAM_COINGECKO__KEY", "canary-secret"}}, {}});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->coingecko.key.Reveal(), "canary-secret");
  EXPECT_THAT(PrintConfig(*config), testing::Not(HasSubstr("canary")));
}

TEST_F(ConfigTest, WhatIsPrintedReadsBackAsTheSame) {
  auto config = FromFile("[serve]\nport = 9001\n[engine]\nidle_after = \"90s\"\n");
  ASSERT_TRUE(config);
  std::string printed = PrintConfig(*config);
  auto again = FromFile(printed);
  ASSERT_TRUE(again) << again.error().message << "\n" << printed;
  EXPECT_EQ(PrintConfig(*again), printed);
}

}  // namespace
}  // namespace cryptostream
