// The nearest word, printable bytes, whole integers, and what UTF-8 is.
#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace cryptostream {
namespace {

TEST(Nearest, FindsAMisspeltWordAndNothingFarAway) {
  std::vector<std::string> words{"serve.port", "serve.address", "stream.lateness"};
  EXPECT_EQ(Nearest("serve.prot", words), "serve.port");
  EXPECT_EQ(Nearest("stream.latenes", words), "stream.lateness");
  EXPECT_EQ(Nearest("zzzzzz", words), "");
}

TEST(Printable, EscapesAndCuts) {
  EXPECT_EQ(Printable("a\nb\xff"), "a\\x0ab\\xff");
  EXPECT_EQ(Printable("abcdef", 3), "abc... (6 bytes)");
}

TEST(IsUtf8, TakesWellFormedTextOnly) {
  for (const char* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\x80"}) EXPECT_TRUE(IsUtf8(good)) << good;
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << Printable(bad);
  }
}

TEST(Text, AnIntegerIsTheWholeOfItsText) {
  EXPECT_EQ(IntegerOf<std::int64_t>("-12"), -12);
  EXPECT_EQ(IntegerOf<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(IntegerOf<std::size_t>("0"), 0u);
  for (const char* none : {"", " 1", "1 ", "+1", "1.0", "x", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(IntegerOf<std::int64_t>(none), std::nullopt) << none;
  }
  EXPECT_EQ(IntegerOf<std::size_t>("-1"), std::nullopt);
  EXPECT_EQ(IntegerOf<long>(std::string_view()), std::nullopt);
}

TEST(Text, LowerCaseLeavesWhatIsNoCapitalOfAscii) { EXPECT_EQ(LowerCase("BTC-\xC3\x84@[`{z9"), "btc-\xC3\x84@[`{z9"); }

}  // namespace
}  // namespace cryptostream
