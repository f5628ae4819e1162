// A plan's minute and month, over restarts and broken state files.
#include "source/call_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "base/file.h"

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
using Limit = CallBudget::Limit;

class CallBudgetTest : public ::testing::Test {
 protected:
  std::filesystem::path dir_ = std::filesystem::temp_directory_path() / ("call_budget_" + RandomHexId());
  std::filesystem::path file_ = dir_ / "state" / "budget.json";
  FakeClock clock_{FromMicros(1'763'800'000'000'000)};  // 2025-11-22T08:26:40Z

  ~CallBudgetTest() override { std::filesystem::remove_all(dir_); }
};

TEST_F(CallBudgetTest, AllowsAMinutesCallsInAnyMinute) {
  CallBudget budget("keyless", {2, std::nullopt}, {}, clock_);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
  clock_.Advance(20s);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
  auto turn = budget.Take();
  EXPECT_EQ(turn.limit, Limit::kMinute);
  EXPECT_EQ(turn.wait, 40s);
  clock_.Advance(40s);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
  EXPECT_EQ(budget.Take().wait, 20s);
}

TEST_F(CallBudgetTest, TheMonthsCountOutlivesTheProcess) {
  {
    CallBudget budget("demo", {100, 3}, file_, clock_);
    budget.Take();
    budget.Take();
  }
  CallBudget budget("demo", {100, 3}, file_, clock_);
  EXPECT_EQ(budget.left_this_month(), 1);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
  auto turn = budget.Take();
  EXPECT_EQ(turn.limit, Limit::kMonth);
  EXPECT_EQ(clock_.Now() + turn.wait, ParseRfc3339("2025-12-01T00:00:00Z").value());
}

TEST_F(CallBudgetTest, ANewMonthStartsAnew) {
  CallBudget budget("demo", {100, 1}, file_, clock_);
  budget.Take();
  EXPECT_EQ(budget.Take().limit, Limit::kMonth);
  clock_.Advance(9 * 24h);
  EXPECT_EQ(budget.left_this_month(), 1);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
}

TEST_F(CallBudgetTest, ACountOfAnotherPlanDoesNotCount) {
  CallBudget("demo", {100, 10}, file_, clock_).Take();
  EXPECT_EQ(CallBudget("pro", {100, 10}, file_, clock_).left_this_month(), 10);
}

TEST_F(CallBudgetTest, AHalfOrEmptyFileCountsFromZero) {
  std::filesystem::create_directories(file_.parent_path());
  for (const char* text : {"", "{", "{\"plan\":\"demo\"", "[]", "{\"plan\":\"demo\",\"month\":\"2025-11\",\"calls\":-4}"}) {
    std::ofstream(file_) << text;
    EXPECT_EQ(CallBudget("demo", {100, 10}, file_, clock_).left_this_month(), 10) << text;
  }
}

TEST_F(CallBudgetTest, ACountWithAFlippedBitIsNotBelieved) {
  CallBudget("demo", {100, 10'000}, file_, clock_).Take();
  std::string whole = ReadFile(file_, 1000).value();
  ASSERT_EQ(CallBudget("demo", {100, 10'000}, file_, clock_).left_this_month(), 9'999);
  for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      std::ofstream(file_, std::ios::binary) << flipped;
      EXPECT_THAT((std::array{std::int64_t{9'999}, std::int64_t{10'000}}),
                  ::testing::Contains(CallBudget("demo", {100, 10'000}, file_, clock_).left_this_month().value()))
          << flipped;
    }
  }
}

TEST_F(CallBudgetTest, ACountOfAnOlderVersionIsRead) {
  std::filesystem::create_directories(file_.parent_path());
  std::ofstream(file_) << R"({"format":1,"plan":"demo","month":"2025-11","calls":4})";
  EXPECT_EQ(CallBudget("demo", {100, 10}, file_, clock_).left_this_month(), 6);
}

TEST_F(CallBudgetTest, HistoryLeavesTheCallsOfLivePolls) {
  CallBudget budget("keyless", {10, std::nullopt}, {}, clock_);
  budget.Reserve(15s);
  for (int second = 0; second < 300; ++second) {  // a backfill that takes what it can get, a poll each 15 s
    if (second % 15 == 0) {
      EXPECT_EQ(budget.Take().limit, Limit::kNone) << second;
    }
    while (budget.Take(CallBudget::Caller::kHistory).limit == Limit::kNone) {
    }
    auto turn = budget.Take(CallBudget::Caller::kHistory);
    EXPECT_GT(turn.wait, 0s);
    EXPECT_LE(turn.wait, 60s);
    clock_.Advance(1s);
  }
}

TEST_F(CallBudgetTest, HistoryComesAlongWhereLivePollsTakeEverything) {
  CallBudget budget("keyless", {4, std::nullopt}, {}, clock_);
  budget.Reserve(15s);
  EXPECT_EQ(budget.Take(CallBudget::Caller::kHistory).limit, Limit::kNone);
  EXPECT_EQ(budget.Take(CallBudget::Caller::kHistory).limit, Limit::kMinute);
}

TEST_F(CallBudgetTest, HoldKeepsEverybodyBack) {
  CallBudget budget("keyless", {10, std::nullopt}, {}, clock_);
  budget.Hold(119s);
  auto turn = budget.Take();
  EXPECT_EQ(turn.limit, Limit::kHeld);
  EXPECT_EQ(turn.wait, 119s);
  clock_.Advance(119s);
  EXPECT_EQ(budget.Take().limit, Limit::kNone);
}

TEST_F(CallBudgetTest, ACallThatReachedNobodyIsGivenBack) {
  CallBudget budget("demo", {100, 10}, file_, clock_);
  budget.Take();
  budget.GiveBack();
  EXPECT_EQ(budget.left_this_month(), 10);
  EXPECT_EQ(CallBudget("demo", {100, 10}, file_, clock_).left_this_month(), 10);
}

TEST_F(CallBudgetTest, EvenSpacingMakesTheMonthLast) {
  CallBudget budget("demo", {100, 1'000}, {}, clock_);
  auto left_of_month = ParseRfc3339("2025-12-01T00:00:00Z").value() - clock_.Now();
  EXPECT_EQ(budget.EvenSpacing(), std::chrono::duration_cast<std::chrono::milliseconds>(left_of_month) / 1'000);
  EXPECT_EQ(budget.EvenSpacing(clock_.Now() + 1000min), 1min);
  EXPECT_EQ(CallBudget("keyless", {10, std::nullopt}, {}, clock_).EvenSpacing(), 0s);
}

}  // namespace
}  // namespace cryptostream
