// Bounds out of a file's statistics: ours, foreign writers', and anything that is not quite that.
#include "delta/bounds.h"

#include <gtest/gtest.h>

#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

TEST_F(TableTest, BoundsOfOurStatisticsEncloseTheRows) {
  auto file = WriteDataFile(Path("t"), {}, Rows(0, 10), {.fsync = false});
  ASSERT_TRUE(file);
  auto bounds = TimeBoundsOf(file->stats_json, "at");
  ASSERT_TRUE(bounds);
  EXPECT_LE(bounds->min, FromMicros(1'723'161'253'937'085));
  EXPECT_GE(bounds->max, FromMicros(1'723'161'253'937'094));
}

TEST(TimeBounds, NestedColumnsAreFound) {
  auto bounds = TimeBoundsOf(
      R"({"numRecords":1,"minValues":{"start":"2000-01-01T00:00:00.000Z","window":{"start":"2024-08-08T00:00:00.000Z"}},)"
      R"("maxValues":{"coin_id":"a}{b","window":{"start":"2024-08-08T00:01:00.000Z"}}})",
      "window.start");
  ASSERT_TRUE(bounds);
  EXPECT_EQ(bounds->min, *ParseRfc3339("2024-08-08T00:00:00Z"));
  EXPECT_GE(bounds->max, *ParseRfc3339("2024-08-08T00:01:00.000999Z"));  // a writer may have cut to milliseconds
}

TEST(TimeBounds, AnythingElseMeansThatTheFileIsRead) {
  for (const char* stats :
       {"", "{}", "nonsense", R"({"minValues":{"at":"2024-08-08T00:00:00Z"}})", R"({"minValues":{"at":1},"maxValues":{"at":2}})",
        R"({"minValues":{"at":"soon"},"maxValues":{"at":"later"}})", R"({"minValues":{"at":"2024)"}) {
    EXPECT_FALSE(TimeBoundsOf(stats, "at")) << stats;
  }
}

TEST(IntegerBounds, AreReadWhereBothAreIntegers) {
  auto bounds = IntegerBoundsOf(
      R"({"numRecords":3,"minValues":{"id":-5,"a":"x"},"maxValues":{"a":"x","id":70},"nullCount":{"id":1}})", "id");
  ASSERT_TRUE(bounds);
  EXPECT_EQ(bounds->min, -5);
  EXPECT_EQ(bounds->max, 70);
  for (const char* stats :
       {"", R"({"minValues":{"id":1}})", R"({"minValues":{"id":1.5},"maxValues":{"id":2}})",
        R"({"minValues":{"id":"1"},"maxValues":{"id":"2"}})", R"({"minValues":{"id":1},"maxValues":{"id":2)"}) {
    EXPECT_FALSE(IntegerBoundsOf(stats, "id")) << stats;
  }
}

TEST(HasOnlyNulls, NeedsBothCounts) {
  EXPECT_TRUE(HasOnlyNulls(R"({"numRecords":3,"nullCount":{"id":3}})", "id"));
  EXPECT_FALSE(HasOnlyNulls(R"({"numRecords":3,"nullCount":{"id":2}})", "id"));
  EXPECT_FALSE(HasOnlyNulls(R"({"nullCount":{"id":3}})", "id"));
  EXPECT_FALSE(HasOnlyNulls("", "id"));
}

}  // namespace
}  // namespace cryptostream
