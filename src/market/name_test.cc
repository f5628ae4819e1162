// Names that were just seen are found without the lock, and never one for another.
#include "market/name.h"

#include <gtest/gtest.h>

#include <regex>

namespace cryptostream {
namespace {

TEST(NameCache, FindsWhatItKeepsAndNothingElse) {
  NameCache cache;
  EXPECT_TRUE(cache.Find("bitcoin").empty());
  EXPECT_TRUE(cache.Find("").empty());
  for (int i = 0; i < 1000; ++i) {  // more than it has places for
    std::string text = "coin" + std::to_string(i);
    cache.Keep(Name(text));
    EXPECT_EQ(cache.Find(text), Name(text));
  }
  for (int i = 0; i < 1000; ++i) {
    std::string text = "coin" + std::to_string(i);
    Name found = cache.Find(text);
    EXPECT_TRUE(found.empty() || found == Name(text));
  }
}

TEST(Name, ThePatternSaysWhatIsValid) {
  const std::regex pattern{std::string(kNamePattern)};
  for (int byte = 0; byte < 256; ++byte) {
    std::string text = "a" + std::string(1, static_cast<char>(byte));
    EXPECT_EQ(IsValidName(text), std::regex_match(text, pattern)) << byte;
  }
  for (std::size_t length : {0, 1, 128, 129}) {
    std::string text(length, 'x');
    EXPECT_EQ(IsValidName(text), std::regex_match(text, pattern)) << length;
  }
}

}  // namespace
}  // namespace cryptostream
