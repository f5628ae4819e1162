// When a log is looked at and when not: a folder whose time of modification is set by hand.
#include "delta/log_watch.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

class LogWatchTest : public testing::Test {
 protected:
  LogWatchTest() : folder_(fs::temp_directory_path() / ("log_watch_" + RandomHexId())), watch_(folder_) {
    fs::create_directories(folder_);
  }
  ~LogWatchTest() override { fs::remove_all(folder_); }

  void ChangedBefore(std::chrono::seconds age) { fs::last_write_time(folder_, fs::file_time_type::clock::now() - age); }
  bool Looks(Status outcome = {}) {
    bool looked = false;
    Status ended = watch_.Look([&] {
      looked = true;
      return outcome;
    });
    EXPECT_EQ(ended.has_value(), outcome.has_value());
    return looked;
  }

  const fs::path folder_;
  LogWatch watch_;
};

TEST_F(LogWatchTest, LooksOnceAtALogInWhichNothingHappens) {
  ChangedBefore(std::chrono::hours(1));
  EXPECT_TRUE(Looks());
  EXPECT_FALSE(Looks());
  EXPECT_FALSE(Looks());
}

TEST_F(LogWatchTest, LooksWhenAFileCame) {
  ChangedBefore(std::chrono::hours(1));
  EXPECT_TRUE(Looks());
  std::ofstream(folder_ / "00000000000000000001.json") << "{}";
  EXPECT_TRUE(Looks());
}

TEST_F(LogWatchTest, LooksAgainWhileTheChangeIsSoYoungThatAnotherOneWouldHaveTheSameTime) {
  ChangedBefore(std::chrono::seconds(1));
  EXPECT_TRUE(Looks());
  EXPECT_TRUE(Looks());
}

TEST_F(LogWatchTest, LooksWhenTheClockWasSetBack) {
  ChangedBefore(std::chrono::seconds(-3600));
  EXPECT_TRUE(Looks());
  EXPECT_TRUE(Looks());
}

TEST_F(LogWatchTest, LooksAgainAfterALookThatFailed) {
  ChangedBefore(std::chrono::hours(1));
  EXPECT_TRUE(Looks(Unavailable("the disk is away")));
  EXPECT_TRUE(Looks());
  EXPECT_FALSE(Looks());
}

TEST_F(LogWatchTest, LooksWhereThereIsNoFolder) {
  fs::remove_all(folder_);
  EXPECT_TRUE(Looks());
  EXPECT_TRUE(Looks());
}

TEST_F(LogWatchTest, KnowsTheFolderThatItFoundFromOneInItsPlace) {
  LogWatch watch(folder_);
  EXPECT_FALSE(watch.IsReplaced());
  std::ofstream(folder_ / "00000000000000000001.json") << "{}";
  EXPECT_FALSE(watch.IsReplaced());
  fs::remove_all(folder_);
  EXPECT_TRUE(watch.IsReplaced());
  fs::create_directories(folder_);
  EXPECT_TRUE(watch.IsReplaced());
  EXPECT_FALSE(LogWatch(folder_).IsReplaced());
}

TEST_F(LogWatchTest, AFolderThatWasNotThereIsNoOther) {
  fs::remove_all(folder_);
  LogWatch watch(folder_);
  fs::create_directories(folder_);
  EXPECT_FALSE(watch.IsReplaced());
}

}  // namespace
}  // namespace cryptostream
