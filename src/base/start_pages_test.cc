// Code pages go, the program goes on.
#include "base/start_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "base/text.h"

namespace cryptostream {
namespace {

std::int64_t FilePagesKb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kb = 0;
    if (word == "RssFile:" && status >> kb) return kb;
  }
  return -1;
}

TEST(StartPages, AreLetGoAndComeBackWhenNeeded) {
  std::int64_t before = FilePagesKb();
  ASSERT_GT(before, 0);
  ReleaseStartPages();
  EXPECT_LT(FilePagesKb(), before);
  EXPECT_TRUE(IsUtf8("still running"));
}

}  // namespace
}  // namespace cryptostream
