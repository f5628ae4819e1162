// Shapes of lines, and of files that hold no lines.
#include "source/recording_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/foreign_form.h"

namespace cryptostream {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;

constexpr std::string_view kMessage = R"({"timestamp":1,"coin_id":"a","price":1})";
constexpr std::string_view kMarkets = R"([{"id":"a","current_price":1}])";
constexpr std::string_view kBody = R"({"received":1,"body":[{"id":"a"}]})";
constexpr std::string_view kFrame = R"(1709683191125000000 {"stream":"x@trade","data":{"e":"trade"}})";
constexpr std::string_view kBareFrame = R"({"e":"trade","s":"BTCUSDT"})";

TEST(RecordingForm, EachFormatKnowsItsOwnAndNoOther) {
  struct Row {
    std::string_view line;
    bool messages, markets, frames;
  };
  for (const Row& row : {Row{kMessage, true, false, false}, Row{kMarkets, false, true, false}, Row{kBody, false, true, false},
                         Row{kFrame, false, false, true}, Row{kBareFrame, false, false, true},
                         Row{"root:x:0:0:root:/root:/bin/bash", false, false, false}, Row{"[", false, false, false},
                         Row{"1709683191,bitcoin,1.5", false, false, false}, Row{"", false, false, false}}) {
    EXPECT_EQ(MayBe(ReplayFormat::kMessages, row.line), row.messages) << row.line;
    EXPECT_EQ(MayBe(ReplayFormat::kCoinGeckoMarkets, row.line), row.markets) << row.line;
    EXPECT_EQ(MayBe(ReplayFormat::kBinanceFrames, row.line), row.frames) << row.line;
  }
}

TEST(RecordingForm, TheHintNamesTheFormatToUse) {
  EXPECT_THAT(FormHint(ReplayFormat::kMessages, kMarkets), HasSubstr("use --format coingecko-markets"));
  EXPECT_THAT(FormHint(ReplayFormat::kMessages, kFrame), HasSubstr("use --format binance-frames"));
  EXPECT_THAT(FormHint(ReplayFormat::kMessages, kBareFrame), HasSubstr("use --format binance-frames"));
  EXPECT_THAT(FormHint(ReplayFormat::kBinanceFrames, kMessage), HasSubstr("use --format messages"));
  EXPECT_THAT(FormHint(ReplayFormat::kCoinGeckoMarkets, kFrame), HasSubstr("use --format binance-frames"));
  EXPECT_THAT(FormHint(ReplayFormat::kMessages, "root:x:0:0"), HasSubstr("root:x:0:0"));
  EXPECT_THAT(FormHint(ReplayFormat::kMessages, "["), HasSubstr("jq -c"));
}

TEST(RecordingForm, AValueIsWholeWhenNothingCanFollow) {
  for (std::string_view whole : {kMessage, kMarkets, kFrame, R"({"a":"}{"} )"sv, R"({"a":"\"]"})"sv})
    EXPECT_TRUE(IsWholeValue(whole)) << whole;
  for (std::size_t cut = 1; cut < kFrame.size(); ++cut) EXPECT_FALSE(IsWholeValue(kFrame.substr(0, cut))) << cut;
  for (std::string_view other : {""sv, "17096"sv, "{} {"sv, "{\"a\":\"}"sv}) EXPECT_FALSE(IsWholeValue(other)) << other;
}

TEST(ForeignForm, NamesWhatIsNotReadAndHowToReadIt) {
  for (auto [start, words] : {std::pair{"\xfd"
                                        "7zXZ\0\0"sv,
                                        "xz -dc"},
                              {"BZh91AY"sv, "bzip2 -dc"},
                              {"PK\x03\x04\x14"sv, "unzip -p"},
                              {"PAR1\x15"sv, "Parquet"},
                              {"SQLite format 3\0"sv, "SQLite"}}) {
    auto said = ForeignForm(start);
    ASSERT_TRUE(said) << words;
    EXPECT_THAT(*said, HasSubstr(words));
  }
  EXPECT_THAT(ForeignForm(std::string(257, '\0') + "ustar").value(), HasSubstr("tar"));
  for (std::string_view text : {kMessage, kFrame, ""sv, "P"sv, "BZ"sv, "\x1f\x8b\x08"sv}) EXPECT_FALSE(ForeignForm(text)) << text;
}

TEST(ForeignForm, TextOfTwoBytesALetterIsToldWithAndWithoutItsMark) {
  EXPECT_THAT(ForeignText("\xff\xfe{\0\"\0"sv).value(), HasSubstr("iconv -f UTF-16 -t UTF-8"));
  EXPECT_THAT(ForeignText("\xfe\xff\0{\0\""sv).value(), HasSubstr("UTF-16"));
  EXPECT_THAT(ForeignText("{\0\"\0"sv).value(), HasSubstr("UTF-16LE"));
  EXPECT_THAT(ForeignText("\0{\0\""sv).value(), HasSubstr("UTF-16BE"));
  EXPECT_THAT(ForeignText("\xff\xfe\0\0{\0\0\0"sv).value(), HasSubstr("UTF-32"));
  EXPECT_FALSE(ForeignText("{\"a\":1}"));
  EXPECT_FALSE(ForeignText("\xef\xbb\xbf{}"));
}

}  // namespace
}  // namespace cryptostream
