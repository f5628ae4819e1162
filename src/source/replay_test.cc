// Recordings played into a list of batches, at full speed and in time.
#include "source/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "source/demo.h"
#include "source/scripted_transport.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kLine = "{\"timestamp\":1,\"coin_id\":\"a\"}\n";
const std::string kData = std::string(CRYPTOSTREAM_SOURCE_DIR) + "/test/data/binance_spot/";

class ReplayTest : public ::testing::Test {
 protected:
  std::filesystem::path dir_ = std::filesystem::temp_directory_path() / ("replay_" + RandomHexId());
  SourceStage stage_;

  ReplayTest() { std::filesystem::create_directories(dir_); }
  ~ReplayTest() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path File(const std::string& bytes, const std::string& name = "some.jsonl") {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
    return dir_ / name;
  }
  Status Play(ReplayPart part, std::int64_t position = 0) {
    ReplayOptions options;
    options.parts.push_back(std::move(part));
    auto source = ReplaySource::Open(std::move(options), stage_.clock, stage_.Wait());
    if (!source) return std::unexpected(source.error());
    return (*source)->Run(position, stage_.Output(), stage_.stop.get_token());
  }
  // Every row as "offset:value", every reject as "offset!reason".
  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& batch : stage_.batches) {
      for (std::size_t i = 0; i < batch.rows(); ++i) {
        rows.push_back(std::to_string(batch.row(i).offset) + ":" + std::string(batch.row(i).value));
      }
      for (const auto& reject : batch.rejects) rows.push_back(std::to_string(reject.offset) + "!" + reject.reason);
    }
    return rows;
  }
};

TEST_F(ReplayTest, MessagesGoThroughAsTheyAre) {
  auto file = File("{\"timestamp\":1,\"coin_id\":\"a\"}\n\nnot json\n\xff\n{}");
  ASSERT_TRUE(Play({.file = file}).has_value());
  EXPECT_THAT(Rows(), ElementsAre("0:{\"timestamp\":1,\"coin_id\":\"a\"}", "2:not json", "4:{}", "3!not_utf8"));
  const RawBatch& batch = stage_.batches.back();
  EXPECT_EQ(stage_.batches.size(), 1u);
  EXPECT_EQ(batch.source, "coingecko");
  EXPECT_EQ(batch.topic, "some.jsonl");
  EXPECT_EQ(batch.next_position, 5);
  EXPECT_EQ(batch.row(0).received, stage_.clock.Now());
  EXPECT_EQ(batch.row(0).key, std::nullopt);
  EXPECT_EQ(batch.rejects[0].value, "\xff");
  EXPECT_EQ(batch.rejects[0].position, 4);
  EXPECT_TRUE(batch.end_of_input);
}

TEST_F(ReplayTest, GoesOnAtItsPositionAndTellsTheEnd) {
  auto file = File("a\nb\nc\n");  // what a line is worth is not asked again behind the first one that was taken
  ASSERT_TRUE(Play({.file = file}, 2).has_value());
  EXPECT_THAT(Rows(), ElementsAre("2:c"));
  stage_.batches.clear();
  ASSERT_TRUE(Play({.file = file}, 3).has_value());
  ASSERT_EQ(stage_.batches.size(), 1u);  // nothing is left, but the pipeline learns of the end
  EXPECT_EQ(stage_.batches[0].rows(), 0u);
  EXPECT_EQ(stage_.batches[0].next_position, 3);
  EXPECT_TRUE(stage_.batches[0].end_of_input);
}

TEST_F(ReplayTest, ThePositionBelongsToTheContent) {
  auto id = [&](const std::filesystem::path& file) {
    stage_.batches.clear();
    EXPECT_TRUE(Play({.file = file}).has_value());
    return stage_.batches.back().position_id;
  };
  auto one = id(File(kLine, "one"));
  EXPECT_EQ(one, id(File(kLine, "moved")));
  EXPECT_NE(one, id(File(std::string(kLine) + kLine, "other")));
  EXPECT_THAT(one, ::testing::MatchesRegex("bronze/recording/[0-9a-f]{16}"));
  ReplayOptions piped;
  piped.parts.push_back({.file = "-"});
  EXPECT_THAT(ReplaySource::Open(piped, stage_.clock).value()->position_id(), StartsWith("bronze/file/stdin-"));
}

TEST_F(ReplayTest, ALineOfTenMegabytesIsRefusedWithItsStart) {
  std::string line;
  line.resize(10'000'000, 'x');
  auto file = File(line + "\nok\n");
  ASSERT_TRUE(Play({.file = file}).has_value());
  EXPECT_THAT(Rows(), ElementsAre("1:ok", "0!too_large: 10000000 bytes"));
  EXPECT_EQ(stage_.batches[0].rejects[0].value.size(), Reject::kMaxRejectBytes);
}

TEST_F(ReplayTest, LargeBatchesAtFullSpeed) {
  std::string lines;
  for (int i = 0; i < 120'000; ++i) lines += "{\"coin_id\":" + std::to_string(i) + "}\n";
  ASSERT_TRUE(Play({.file = File(lines)}).has_value());
  ASSERT_EQ(stage_.batches.size(), 3u);
  EXPECT_EQ(stage_.batches[0].rows(), 50'000u);
  EXPECT_EQ(stage_.batches[0].next_position, 50'000);
  EXPECT_EQ(stage_.batches[2].rows(), 20'000u);
}

TEST_F(ReplayTest, MarketsArraysComeWithOrWithoutTheirReceiveTime) {
  auto file = File(R"({"received":1700000000123,"body":[{"id":"a","current_price":1},{"id":"b","current_price":2}]})"
                   "\n"
                   R"([{"id":"a","current_price":3,"last_updated" : "2023-11-14T22:13:20.500Z"}])"
                   "\n{\"error\":1}\n");
  ASSERT_TRUE(Play({.file = file, .format = ReplayFormat::kCoinGeckoMarkets}).has_value());
  const RawBatch& batch = stage_.batches.at(0);
  ASSERT_EQ(batch.rows(), 3u);
  EXPECT_EQ(batch.row(1).received, FromMicros(1'700'000'000'123'000));
  EXPECT_EQ(batch.row(1).key, "b");
  EXPECT_THAT(batch.row(1).value, StartsWith("{\"timestamp\":1700000000.123000,\"coin_id\":\"b\",\"price\":2,"));
  EXPECT_THAT(batch.row(2).value, StartsWith("{\"timestamp\":1700000000.500000,\"coin_id\":\"a\",\"price\":3,"));
  EXPECT_EQ(batch.row(2).received, stage_.clock.Now());
  EXPECT_THAT(batch.rejects.at(0).reason, HasSubstr("not an array"));
  EXPECT_EQ(batch.rejects.at(0).value, "{\"error\":1}");
}

TEST_F(ReplayTest, OfFramesOnlyTradesBecomeMessages) {
  ASSERT_TRUE(Play({.file = kData + "mixed_frames.txt", .format = ReplayFormat::kBinanceFrames}).has_value());
  EXPECT_EQ(stage_.batches.at(0).rows(), 61u);
  EXPECT_TRUE(stage_.batches[0].rejects.empty());
  EXPECT_EQ(stage_.batches[0].source, "binance_spot");
  EXPECT_THAT(stage_.reports.back().message, HasSubstr("230 bookTicker skipped"));
  EXPECT_EQ(stage_.reports.back().state, SourceState::kDone);
}

TEST_F(ReplayTest, AFrameIsReadInAllItsForms) {
  auto trade = [](const std::string& symbol, const std::string& wrap = "{\"stream\":\"x@trade\",\"data\":") {
    return wrap + "{\"e\":\"trade\",\"E\":1,\"s\":\"" + symbol + R"(","t":7,"p":"1.50","q":"2.0","T":1700000000123,"m":true})" +
           (wrap.empty() ? "" : "}");
  };
  auto file = File("1700000000124 " + trade("BTCUSDT") + "\n" + trade("ETHUSDT", "") + "\n1700000000 " + trade("XYZUSDT") +
                   "\n1 {\"lastUpdateId\":1,\"bids\":[]}\nnonsense\n1 {\"e\":\"trade\"}\n1 {\"e\":\"tra\n");
  ASSERT_TRUE(Play({.file = file, .format = ReplayFormat::kBinanceFrames}).has_value());
  std::string tail = R"("price":"1.50","quantity":"2.0","trade_id":7,"symbol":")";
  EXPECT_THAT(
      Rows(),
      ElementsAre(
          R"(0:{"timestamp":1700000000.123,"coin_id":"bitcoin",)" + tail + R"(BTCUSDT","source":"binance_spot","quote":"usdt"})",
          R"(1:{"timestamp":1700000000.123,"coin_id":"ethereum",)" + tail + R"(ETHUSDT","source":"binance_spot","quote":"usdt"})",
          "2!unmapped_symbol", StartsWith("4!malformed_line"), StartsWith("5!wrong_type"), StartsWith("6!malformed_json")));
  EXPECT_EQ(stage_.batches[0].row(0).received, FromMicros(1'700'000'000'124'000));
  EXPECT_EQ(stage_.batches[0].row(1).received, stage_.clock.Now());
  EXPECT_THAT(stage_.reports.back().message, HasSubstr("1 other skipped"));
}

TEST_F(ReplayTest, PacesByTheRecordsOwnTime) {
  auto line = [](const char* stamp) { return "{\"timestamp\":" + std::string(stamp) + ",\"coin_id\":\"a\"}\n"; };
  auto file = File(line("1000.0") + line("1030.5") + line("1030.505") + line("1020.0") + line("1060.0"));
  ASSERT_TRUE(Play({.file = file, .speed = 10}).has_value());
  EXPECT_THAT(stage_.waits, ElementsAre(3050ms, 2950ms));
  ASSERT_EQ(stage_.batches.size(), 3u);
  EXPECT_EQ(stage_.batches[0].rows(), 1u);
  EXPECT_EQ(stage_.batches[1].rows(), 3u);  // due within 20 ms, or already past
  EXPECT_EQ(stage_.batches[1].next_position, 4);
  EXPECT_TRUE(stage_.batches[0].live);
}

TEST_F(ReplayTest, TheFirstPartCanBePlayedAtOnce) {
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += "{\"timestamp\":" + std::to_string(1000 + 60 * i) + ",\"coin_id\":\"a\"}\n";
  ASSERT_TRUE(Play({.file = File(lines), .speed = 1, .at_once = 5min}).has_value());
  EXPECT_EQ(stage_.batches.at(0).rows(), 5u);
  EXPECT_FALSE(stage_.batches[0].live);
  EXPECT_EQ(stage_.waits.size(), 4u);
  EXPECT_EQ(stage_.batches.size(), 6u);
  stage_.batches.clear();
  stage_.waits.clear();
  ASSERT_TRUE(Play({.file = File(lines), .speed = 1, .at_once = 5min}, 7).has_value());
  EXPECT_EQ(stage_.waits.size(), 2u);  // the history's end is a time of the recording, also after a restart
}

TEST_F(ReplayTest, AStopWhileWaitingLosesNothing) {
  auto file = File("{\"timestamp\":1,\"coin_id\":\"a\"}\n{\"timestamp\":100}\n{\"timestamp\":200}\n");
  ReplayOptions options;
  options.parts.push_back({.file = file, .speed = 1});
  auto source = ReplaySource::Open(std::move(options), stage_.clock, [&](StopToken, std::chrono::nanoseconds) { return false; });
  ASSERT_TRUE((*source)->Run(0, stage_.Output(), stage_.stop.get_token()).has_value());
  ASSERT_EQ(stage_.batches.size(), 1u);
  EXPECT_EQ(stage_.batches[0].next_position, 1);
  EXPECT_FALSE(stage_.batches[0].end_of_input);
}

TEST_F(ReplayTest, SaysWhatCannotBePlayed) {
  EXPECT_EQ(Play({.file = dir_ / "missing"}).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Play({.file = dir_}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(Play({.file = File("a\n"), .speed = -1}).error().kind, ErrorKind::kInvalid);
  auto near = ParseReplayFormat("binance-frame");
  EXPECT_THAT(near.error().message, HasSubstr("did you mean binance-frames?"));
  EXPECT_EQ(ParseReplayFormat("messages"), ReplayFormat::kMessages);
}

TEST_F(ReplayTest, WhatCameBeforeABreakIsPushed) {
  std::ifstream in(std::string(CRYPTOSTREAM_SOURCE_DIR) + "/data/binance_spot_trades.frames.gz", std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(in)), {});
  auto status = Play({.file = File(whole.substr(0, whole.size() / 2), "half.gz"), .format = ReplayFormat::kBinanceFrames});
  ASSERT_FALSE(status.has_value());
  EXPECT_THAT(status.error().message, HasSubstr("half.gz"));
  ASSERT_FALSE(stage_.batches.empty());
  EXPECT_GT(stage_.batches[0].rows(), 10'000u);
  EXPECT_FALSE(stage_.batches.back().end_of_input);
}

TEST_F(ReplayTest, AFileOfAnotherFormatIsRefusedBeforeAnythingLeaves) {
  struct Row {
    const char* bytes;
    ReplayFormat format;
    const char* words;
  };
  for (const Row& row : {Row{"root:x:0:0:root:/root:/bin/bash\nbin:x:1:1\n", ReplayFormat::kMessages, "root:x:0:0"},
                         Row{"[{\"id\":\"a\",\"current_price\":1}]\n", ReplayFormat::kMessages, "use --format coingecko-markets"},
                         Row{"1 {\"stream\":\"x@trade\"}\n", ReplayFormat::kMessages, "use --format binance-frames"},
                         Row{kLine, ReplayFormat::kBinanceFrames, "use --format messages"},
                         Row{kLine, ReplayFormat::kCoinGeckoMarkets, "use --format messages"},
                         Row{"<!DOCTYPE html><html>", ReplayFormat::kMessages, "<!DOCTYPE"},
                         Row{"BZh91AY&SY", ReplayFormat::kMessages, "bzip2 -dc"}}) {
    auto played = Play({.file = File(row.bytes), .format = row.format});
    ASSERT_FALSE(played.has_value()) << row.words;
    EXPECT_EQ(played.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(played.error().message, HasSubstr(row.words));
    EXPECT_TRUE(stage_.batches.empty()) << row.words;
  }
}

TEST_F(ReplayTest, BadLinesBeforeAGoodOneCostOnlyThemselves) {
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "junk\n";
  ASSERT_TRUE(Play({.file = File(lines + kLine)}).has_value());
  ASSERT_EQ(stage_.batches.size(), 1u);
  EXPECT_EQ(stage_.batches[0].rows(), 501u);
}

TEST_F(ReplayTest, ManyLinesOfAnotherFormatAreNotReadToTheirEnd) {
  std::string lines;
  for (int i = 0; i < 5'000; ++i) lines += "junk\n";
  auto played = Play({.file = File(lines + kLine)});
  ASSERT_FALSE(played.has_value());
  EXPECT_THAT(played.error().message, HasSubstr("lines_looked_at=1000"));
  EXPECT_TRUE(stage_.batches.empty());
}

TEST_F(ReplayTest, AnInputOfWhichNothingIsTakenIsNoSuccess) {
  auto played = Play({.file = File("1 {\"e\":\"bookTicker\"}\n"), .format = ReplayFormat::kBinanceFrames});
  ASSERT_FALSE(played.has_value());
  EXPECT_THAT(played.error().message, HasSubstr("skipped=1"));
  EXPECT_TRUE(Play({.file = File("")}).has_value());  // there was nothing to take
}

TEST_F(ReplayTest, ALastLineThatIsStillBeingWrittenIsLeft) {
  auto file = File(std::string(kLine) + "{\"timestamp\":2,\"coin_id\":\"b");
  ASSERT_TRUE(Play({.file = file}).has_value());
  EXPECT_EQ(stage_.batches.at(0).rows(), 1u);
  EXPECT_EQ(stage_.batches[0].next_position, 1);
}

TEST_F(ReplayTest, TheRecordingOfBarsHasItsHistoryAtOnceAndPlaysTheRestThirtyTimesAsFast) {
  auto demo = OpenDemo({.data_dir = std::string(CRYPTOSTREAM_SOURCE_DIR) + "/data"}, stage_.clock, stage_.Wait());
  ASSERT_TRUE(demo.has_value()) << demo.error().message;
  ASSERT_TRUE((*demo)->Run(0, stage_.Output(), stage_.stop.get_token()).has_value());
  std::size_t at_once = 0, paced = 0;
  for (const auto& batch : stage_.batches) {
    EXPECT_TRUE(batch.rejects.empty());
    (batch.live ? paced : at_once) += batch.rows();
  }
  EXPECT_EQ(at_once + paced, 8u * 1440 * 7);
  EXPECT_EQ(paced, 6u * 60 * 7);
  std::chrono::milliseconds waited{0};
  for (auto wait : stage_.waits) waited += wait;
  EXPECT_GT(waited, 11min);
  EXPECT_LT(waited, 13min);
  EXPECT_EQ(stage_.batches[0].source, "binance_usdm");
  EXPECT_THAT(stage_.reports[0].message, HasSubstr("one-minute bars of seven coins"));
}

TEST_F(ReplayTest, TheRecordingOfTradesHasItsHistoryAtOnceAndPlaysTheRestInTime) {
  auto demo = OpenDemo({.data_dir = std::string(CRYPTOSTREAM_SOURCE_DIR) + "/data", .recording = Recording::kTrades}, stage_.clock,
                       stage_.Wait());
  ASSERT_TRUE(demo.has_value()) << demo.error().message;
  ASSERT_TRUE((*demo)->Run(0, stage_.Output(), stage_.stop.get_token()).has_value());
  EXPECT_EQ(stage_.batches[0].source, "coingecko");
  EXPECT_EQ(stage_.batches[0].rows(), 71u * 8);
  std::size_t trades = 0;
  for (const auto& batch : stage_.batches) {
    EXPECT_TRUE(batch.rejects.empty());
    if (batch.source == "binance_spot") trades += batch.rows();
  }
  EXPECT_EQ(trades, 34'419u);
  EXPECT_EQ(stage_.batches.back().next_position, 71 + 34'419);
  std::chrono::milliseconds waited{0};
  for (auto wait : stage_.waits) waited += wait;
  EXPECT_GT(waited, 6min);
  EXPECT_LT(waited, 7min);
  EXPECT_EQ(stage_.reports.back().state, SourceState::kDone);
}

}  // namespace
}  // namespace cryptostream
