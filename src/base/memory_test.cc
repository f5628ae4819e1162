// Code pages and free memory go, the program goes on.
#include "base/memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"

namespace cryptostream {
namespace {

// A figure of /proc/self/status, in KB.
std::int64_t Kb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kb = 0;
    if (word == name && status >> kb) return kb;
  }
  return -1;
}

TEST(Memory, StartPagesAreLetGoAndComeBackWhenNeeded) {
  std::int64_t before = Kb("RssFile:");
  ASSERT_GT(before, 0);
  ReleaseStartPages();
  EXPECT_LT(Kb("RssFile:"), before);
  EXPECT_TRUE(IsUtf8("still running"));
}

// Every second block stays, so that nothing can be given back from the end.
TEST(Memory, FreePiecesGoBackToTheSystem) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "a sanitizer has an allocator of its own";
#endif
  constexpr std::size_t kBlocks = 2'000, kBytes = 60'000;
  std::vector<std::unique_ptr<std::string>> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(std::make_unique<std::string>(kBytes, 'x'));
  for (std::size_t i = 0; i < kBlocks; i += 2) blocks[i] = nullptr;
  std::int64_t before = Kb("RssAnon:");
  ReleaseFreeMemory();
  EXPECT_LT(Kb("RssAnon:"), before - 30'000);
  EXPECT_EQ(blocks[1]->size(), kBytes);
}

}  // namespace
}  // namespace cryptostream
