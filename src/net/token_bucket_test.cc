// Shares of requests: a burst, the pace afterwards, and bounded memory.
#include "net/token_bucket.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

TEST(TokenBuckets, TwiceTheShareAtOnceThenThePace) {
  TokenBuckets buckets(5);
  TokenBuckets::Time now{};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(buckets.Take("a", now)) << i;
  EXPECT_FALSE(buckets.Take("a", now));
  EXPECT_TRUE(buckets.Take("b", now));
  EXPECT_FALSE(buckets.Take("a", now + 100ms));
  EXPECT_TRUE(buckets.Take("a", now + 201ms));
  EXPECT_FALSE(buckets.Take("a", now + 201ms));
  now += 1h;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(buckets.Take("a", now)) << i;
  EXPECT_FALSE(buckets.Take("a", now));
}

TEST(TokenBuckets, ZeroIsAnyNumber) {
  TokenBuckets buckets(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(buckets.Take("a", {}));
  EXPECT_EQ(buckets.size(), 0u);
}

TEST(TokenBuckets, MemoryIsBounded) {
  TokenBuckets buckets(1);
  TokenBuckets::Time now{};
  for (int i = 0; i < 50'000; ++i) buckets.Take(std::to_string(i), now += 1ms);
  EXPECT_LE(buckets.size(), 10'000u);
}

}  // namespace
}  // namespace cryptostream
