// How far event time has come, with a steady clock that the test turns.
#include "lake/watermark.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;
const std::chrono::steady_clock::time_point kStart{1000s};
Timestamp At(std::int64_t second) { return FromMicros(second * 1'000'000); }

TEST(Watermark, IsTheSmallestOverPartitionsMinusLateness) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart);
  tracker.Advance(Name("kraken"), 1, At(900), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart), At(870));
}

TEST(Watermark, NeverGoesBackWithinAPartition) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart);
  tracker.Advance(Name("kraken"), 0, At(500), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart), At(970));
}

TEST(Watermark, AnIdlePartitionDoesNotCountOnceCaughtUp) {
  WatermarkTracker tracker(30s, 60s);
  tracker.Advance(Name("kraken"), 0, At(1000), kStart + 61s);
  tracker.Advance(Name("kraken"), 1, At(900), kStart);
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart + 61s), At(970));
  EXPECT_EQ(tracker.Of(Name("kraken"), false, kStart + 61s), At(870));
  EXPECT_EQ(tracker.Of(Name("kraken"), true, kStart + 300s), std::nullopt);
}

TEST(Watermark, IsPerSource) {
  WatermarkTracker tracker(0s, 60s);
  tracker.Advance(Name("kraken"), 0, At(10), kStart);
  tracker.Advance(Name("coingecko"), 0, At(99), kStart);
  EXPECT_EQ(tracker.Of(Name("coingecko"), true, kStart), At(99));
  EXPECT_EQ(tracker.Sources().size(), 2u);
}

}  // namespace
}  // namespace cryptostream
