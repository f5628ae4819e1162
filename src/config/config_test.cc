// Settings from everywhere: what wins, and what a person is told when one is wrong.
#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"

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
      "[serve]\nport = 9000\n[stream]\nlateness = \"45s\"\n[coingecko]\ncoins = [\"bitcoin\", \"tron\"]\n[symbols]\nXBTUSD = "
      "\"bitcoin\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->serve.port, 9000);
  EXPECT_EQ(config->lake.lateness, std::chrono::seconds(45));
  EXPECT_THAT(config->coingecko.coins, testing::ElementsAre("bitcoin", "tron"));
  EXPECT_EQ(config->symbols["XBTUSD"], "bitcoin");
}

TEST_F(ConfigTest, SettingBeatsEnvironmentBeatsFile) {
  std::ofstream(file_) << "[serve]\nport = 1000\naddress = \"127.0.0.2\"\nmax_connections = 9\n";
  auto config = LoadConfig(
      {file_, {{"CRYPTOSTREAM_SERVE__PORT", "2000"}, {"CRYPTOSTREAM_SERVE__ADDRESS", "127.0.0.3"}}, {"serve.port=3000"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->serve.port, 3000);
  EXPECT_EQ(config->serve.address, "127.0.0.3");
  EXPECT_EQ(config->serve.max_connections, 9);
}

TEST_F(ConfigTest, AnUnknownKeyNamesFileLineAndTheNearest) {
  auto config = FromFile("[stream]\nlatenes = \"1s\"\n");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message, HasSubstr(file_.string() + ":2"));
  EXPECT_THAT(config.error().message, HasSubstr("did you mean stream.lateness?"));
}

TEST_F(ConfigTest, ABadValueSaysWhatIsTaken) {
  EXPECT_THAT(FromFile("[serve]\nport = 70000\n").error().message, HasSubstr("from 0 to 65535"));
  EXPECT_THAT(FromFile("[stream]\nlateness = \"soon\"\n").error().message, HasSubstr("write it as 250ms"));
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
  auto config = FromFile("[serve]\nport = 9001\n[stream]\nidle_after = \"90s\"\n");
  ASSERT_TRUE(config);
  std::string printed = PrintConfig(*config);
  auto again = FromFile(printed);
  ASSERT_TRUE(again) << again.error().message << "\n" << printed;
  EXPECT_EQ(PrintConfig(*again), printed);
}

}  // namespace
}  // namespace cryptostream
