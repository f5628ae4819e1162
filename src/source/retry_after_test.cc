// Waits that strangers ask for, sensible ones and others.
#include "source/retry_after.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

HttpAnswer With(std::vector<HttpHeader> headers) { return HttpAnswer{429, std::move(headers), "", ""}; }

// 2024-08-08T23:54:13Z
const Timestamp kNow = FromMicros(1'723'161'253'000'000);

TEST(RetryAfter, ReadsSecondsAndHttpDates) {
  EXPECT_EQ(RetryAfter(With({{"retry-after", "119"}}), kNow, 10min), 119s);
  EXPECT_EQ(RetryAfter(With({{"Retry-After", "Thu, 08 Aug 2024 23:56:12 GMT"}}), kNow, 10min), 119s);
}

TEST(RetryAfter, IsBounded) {
  EXPECT_EQ(RetryAfter(With({{"Retry-After", "86400"}}), kNow, 10min), 10min);
  EXPECT_EQ(RetryAfter(With({{"Retry-After", "99999999999999999"}}), kNow, 10min), 10min);
  EXPECT_EQ(RetryAfter(With({{"Retry-After", "Thu, 08 Aug 2099 23:56:12 GMT"}}), kNow, 10min), 10min);
}

TEST(RetryAfter, IgnoresWhatMakesNoSense) {
  for (const char* value : {"-5", "0", "soon", "", "1.5", "Thu, 08 Aug 2024 23:00:00 GMT", "Thu, 31 Feb 2099 23:00:00 GMT",
                            "99999999999999999999999"}) {
    EXPECT_EQ(RetryAfter(With({{"Retry-After", value}}), kNow, 10min), std::nullopt) << value;
  }
  EXPECT_EQ(RetryAfter(With({}), kNow, 10min), std::nullopt);
}

TEST(CacheLifetime, IsMaxAgeWithoutAge) {
  EXPECT_EQ(CacheLifetime(With({{"Cache-Control", "public, max-age=60"}, {"Age", "45"}})), 15s);
  EXPECT_EQ(CacheLifetime(With({{"cache-control", "max-age=30"}})), 30s);
  EXPECT_EQ(CacheLifetime(With({{"Cache-Control", "max-age=30"}, {"Age", "253"}})), 0s);
  EXPECT_EQ(CacheLifetime(With({{"Cache-Control", "no-cache"}})), 0s);
  EXPECT_EQ(CacheLifetime(With({{"Cache-Control", "max-age=31536000"}})), 10min);
  EXPECT_EQ(CacheLifetime(With({})), 0s);
}

TEST(Backoff, DoublesWithJitterUpToItsBound) {
  Backoff backoff(10s, 60s);
  std::chrono::milliseconds expected[] = {10s, 20s, 40s, 60s, 60s};
  for (auto most : expected) {
    auto wait = backoff.Next();
    EXPECT_LE(wait, most);
    EXPECT_GE(wait, most / 2);
  }
  backoff.Reset();
  EXPECT_LE(backoff.Next(), 10s);
}

}  // namespace
}  // namespace cryptostream
