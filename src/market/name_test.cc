// Names that were just seen are found without the lock, and never one for another.
#include "market/name.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace cryptostream
