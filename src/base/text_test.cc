// The nearest word, printable bytes, and what UTF-8 is.
#include "base/text.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace cryptostream
