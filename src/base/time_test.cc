// Text forms of time: what is printed reads back, and nonsense is refused.
#include "base/time.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  EXPECT_EQ(ToMicros(*ParseRfc3339("1970-01-01T00:00:01Z")), 1'000'000);
  EXPECT_EQ(ToMicros(*ParseRfc3339("2024-08-08T23:54:13.9370857Z")), 1'723'161'253'937'085);
  EXPECT_EQ(*ParseRfc3339("2024-08-09T05:39:13+05:45"), *ParseRfc3339("2024-08-08T23:54:13Z"));
  EXPECT_EQ(*ParseRfc3339("2024-02-29 12:00:00Z"), *ParseRfc3339("2024-02-29T12:00:00Z"));
}

TEST(Rfc3339, PrintsWhatReadsBack) {
  for (std::int64_t micros : {0L, 1'723'161'253'937'085L, 1'723'161'253'937'000L, 253'402'300'799'999'999L}) {
    EXPECT_EQ(ToMicros(*ParseRfc3339(FormatRfc3339(FromMicros(micros)))), micros);
  }
  EXPECT_EQ(FormatRfc3339(FromMicros(1'723'161'253'937'000)), "2024-08-08T23:54:13.937Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2024-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01",
                           "2024-01-01T00:00:00", "yesterday", "2024-01-01T00:00:00Zjunk", "2024-01-01T00:00:00+2"}) {
    EXPECT_FALSE(ParseRfc3339(text)) << text;
  }
}

TEST(Duration, ReadsUnitsAndRefusesTheRest) {
  EXPECT_EQ(*ParseDuration("250ms"), std::chrono::milliseconds(250));
  EXPECT_EQ(*ParseDuration("30s"), std::chrono::seconds(30));
  EXPECT_EQ(*ParseDuration("2d"), std::chrono::hours(48));
  for (const char* text : {"", "30", "s", "-5s", "5 s", "1.5s", "5w", "99999999999999d"})
    EXPECT_FALSE(ParseDuration(text)) << text;
}

TEST(Duration, IsPrintedForPeople) {
  EXPECT_EQ(FormatDuration(std::chrono::seconds(264)), "4m24s");
  EXPECT_EQ(FormatDuration(std::chrono::milliseconds(1500)), "1.5s");
  EXPECT_EQ(FormatDuration(std::chrono::hours(25)), "1d1h");
  EXPECT_EQ(FormatDuration(std::chrono::milliseconds(7)), "7ms");
}

}  // namespace
}  // namespace cryptostream
