// Work that is shared by the cores: all of it is done, once, and errors come back in order.
#include "base/threads.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

namespace cryptostream {
namespace {

TEST(SideBySide, EveryPieceIsDoneOnce) {
  std::array<std::atomic<int>, 1000> done{};
  SideBySide(done.size(), [&](std::size_t i) { ++done[i]; });
  for (const auto& times : done) EXPECT_EQ(times, 1);
  SideBySide(0, [&](std::size_t) { ADD_FAILURE(); });
}

TEST(SideBySide, ValuesComeInOrder) {
  auto squares = AllSideBySide<std::size_t>(100, [](std::size_t i) -> Result<std::size_t> { return i * i; });
  ASSERT_TRUE(squares);
  ASSERT_EQ(squares->size(), 100u);
  EXPECT_EQ(squares->back(), 99u * 99u);
}

TEST(SideBySide, TheFirstErrorInOrderIsTheOneTold) {
  auto failed = AllSideBySide<int>(100, [](std::size_t i) -> Result<int> {
    if (i % 10 == 3) return Invalid("piece " + std::to_string(i));
    return 0;
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "piece 3");
}

}  // namespace
}  // namespace cryptostream
