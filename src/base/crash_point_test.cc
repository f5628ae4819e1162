// Crash points end the process where they are told to, and nowhere else.
#include "base/crash_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <cstdlib>
#include <string>

namespace cryptostream {
namespace {

const CrashPoint kFirst("test.first");
const CrashPoint kSecond("test.second");

// In a process of its own: the order is read once.
void WithOrder(const char* order, int times) {
  ::setenv("CRYPTOSTREAM_CRASH", order, 1);
  for (int i = 0; i < times; ++i) {
    kFirst.Reach();
    kSecond.Reach();
  }
  std::_Exit(static_cast<int>(kSecond.hits()));
}

TEST(CrashPointTest, TheListIsCompleteBeforeAnyPointIsReached) {
  std::vector<std::string> names;
  for (const CrashPoint* point : CrashPoints()) names.push_back(point->name());
  EXPECT_THAT(names, testing::IsSupersetOf({"test.first", "test.second"}));
}

TEST(CrashPointTest, WithoutAnOrderNothingHappens) { EXPECT_EXIT(WithOrder("", 3), testing::ExitedWithCode(3), ""); }

TEST(CrashPointTest, TheNthTimeCounts) {
  EXPECT_EXIT(WithOrder("test.second:3", 2), testing::ExitedWithCode(2), "");
  EXPECT_EXIT(WithOrder("test.second:3", 3), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(WithOrder("test.second", 1), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(WithOrder("test.other:1", 5), testing::ExitedWithCode(5), "");
}

TEST(CrashPointTest, TheModeIsObeyed) {
  EXPECT_EXIT(WithOrder("test.first:1:abort", 1), testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(WithOrder("test.first:1:powercut:/proc", 1), testing::KilledBySignal(SIGABRT), "cannot cut the power");
}

}  // namespace
}  // namespace cryptostream
