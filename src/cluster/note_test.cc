// A file that a task names lies in its table, or is refused.
#include "cluster/note.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(Note, FilesLieInTheirTable) {
  DataFile file{.path = "year=2025/month=11/day=22/part-1.zstd.parquet", .size_bytes = 5, .rows = 2, .stats_json = "{}"};
  auto read = FileOf(SilverLayout(), FileNote(SilverLayout(), file));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->partition, (std::vector<PartitionValue>{{"year", "2025"}, {"month", "11"}, {"day", "22"}}));
  EXPECT_EQ(read->rows, 2);
  for (const char* path :
       {"../x", "year=2025/month=11/x", "year=2025/month=11/day=22/../x", "year=2025/month=11/day=22/.x", "x"}) {
    file.path = path;
    EXPECT_FALSE(FileOf(SilverLayout(), FileNote(SilverLayout(), file))) << path;
  }
}

}  // namespace
}  // namespace cryptostream
