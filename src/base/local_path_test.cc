// Which file or folder a person meant.
#include "base/local_path.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

TEST(LocalPathTest, NamesMeanNothing) {
  for (const char* name : {"lake", "./s3://lake", "/data/source=prod", "a%20b", "[x]", "?", "*", "a'b\"c#d", "ünï", "a\nb",
                           "s3:/lake", "://", "1s3://x", "a b://c", ""}) {
    auto path = LocalPath(name);
    ASSERT_TRUE(path) << name << ": " << path.error().message;
    EXPECT_EQ(path->string(), name);
  }
}

TEST(LocalPathTest, OtherUrlsAreRefusedByName) {
  for (const char* url : {"s3://lake/one", "gs://lake", "az://c/lake", "abfss://c@a/lake", "hdfs://host:9/lake", "S3A://x",
                          "https://host/lake", "file2://x"}) {
    auto path = LocalPath(url);
    ASSERT_FALSE(path) << url;
    EXPECT_EQ(path.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(path.error().message.find(url), std::string::npos) << path.error().message;
  }
}

TEST(LocalPathTest, FileUrlsArePathsOfThisMachine) {
  EXPECT_EQ(LocalPath("file:///data/a%20b")->string(), "/data/a b");
  EXPECT_EQ(LocalPath("file://localhost/data/x%3D1")->string(), "/data/x=1");
  for (const char* wrong : {"file://host/data", "file://", "file://data", "file:///a%zz", "file:///a%00b", "file:///%ff"}) {
    EXPECT_FALSE(LocalPath(wrong)) << wrong;
  }
}

TEST(LocalPathTest, BytesThatAreNoTextAreRefused) {
  EXPECT_FALSE(LocalPath("a\xff"));
  EXPECT_FALSE(LocalPath(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace cryptostream
