// Durable files and the lock, on a real directory.
#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() { fs::create_directories(dir_); }
  ~FileTest() override { fs::remove_all(dir_); }
  const fs::path dir_ = fs::temp_directory_path() / ("cryptostream-file-" + RandomHexId());
};

TEST_F(FileTest, WritingReplacesTheWholeFile) {
  ASSERT_TRUE(WriteFileDurable(dir_ / "a", std::string(100'000, 'x')));
  ASSERT_TRUE(WriteFileDurable(dir_ / "a", "short"));
  EXPECT_EQ(*ReadFile(dir_ / "a", 100), "short");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);
}

TEST_F(FileTest, ReadingHasALimitAndSaysWhatIsMissing) {
  ASSERT_TRUE(WriteFileDurable(dir_ / "a", "12345"));
  EXPECT_EQ(ReadFile(dir_ / "a", 4).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(ReadFile(dir_ / "b", 4).error().kind, ErrorKind::kNotFound);
}

TEST_F(FileTest, DirectoriesAreMadeWithTheirParents) {
  ASSERT_TRUE(MakeDirsDurable(dir_ / "x/y/z"));
  EXPECT_TRUE(fs::is_directory(dir_ / "x/y/z"));
  ASSERT_TRUE(WriteFileDurable(dir_ / "file", ""));
  EXPECT_FALSE(MakeDirsDurable(dir_ / "file/below"));
}

TEST_F(FileTest, ASecondLockIsRefusedUntilTheFirstGoes) {
  {
    auto first = FileLock::Acquire(dir_ / "lock");
    ASSERT_TRUE(first);
    auto second = FileLock::Acquire(dir_ / "lock");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
    EXPECT_THAT(second.error().message, testing::HasSubstr("pid=" + std::to_string(::getpid())));
  }
  EXPECT_TRUE(FileLock::Acquire(dir_ / "lock"));
}

TEST(RandomHexId, IsLongAndNeverTheSame) {
  EXPECT_EQ(RandomHexId().size(), 32u);
  EXPECT_NE(RandomHexId(), RandomHexId());
}

}  // namespace
}  // namespace cryptostream
