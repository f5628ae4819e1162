// The files of a log found by their names. In: folders of made-up names. Out: which count, and as what.
#include "verify/log_listing.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"

namespace cryptostream {
namespace {

class LogListingTest : public testing::Test {
 protected:
  LogListingTest() : log_(std::filesystem::temp_directory_path() / ("listing-" + RandomHexId())) {
    std::filesystem::create_directories(log_);
  }
  ~LogListingTest() override { std::filesystem::remove_all(log_); }
  void Make(const std::vector<std::string>& names) {
    for (const std::string& name : names) std::ofstream(log_ / name);
  }
  std::string Name(Version version, const std::string& rest) { return CommitName(version).substr(0, 20) + rest; }

  const std::filesystem::path log_;
};

TEST_F(LogListingTest, NoFolderAndNothingOfALogAreNoTable) {
  EXPECT_EQ(ListLog(log_ / "nowhere").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(ListLog(log_).error().kind, ErrorKind::kNotFound);
  Make({Name(0, ".json#1"), "notes.txt", Name(3, ".crc.unusable"), Name(4, ".checkpoint.parquet.bad")});
  EXPECT_EQ(ListLog(log_).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(ListLog(log_ / "notes.txt").error().kind, ErrorKind::kNotFound);
}

TEST_F(LogListingTest, WhatIsNewerThanTheLastCommit) {
  Make({Name(0, ".json"), Name(1, ".json"), Name(1, ".crc"), Name(1, ".checkpoint.parquet")});
  EXPECT_TRUE(ListLog(log_)->NewerThanLast().empty());
  Make({Name(2, ".crc"), Name(7, ".checkpoint.parquet"), Name(8, ".checkpoint.0000000001.0000000002.parquet"),
        Name(9, ".checkpoint.0f-1.json"), Name(1, "." + Name(12, ".compacted.json")), Name(5, ".crc.unusable")});
  auto listing = ListLog(log_);
  EXPECT_EQ(listing->Last(), 1);
  EXPECT_EQ(listing->NewerThanLast().size(), 5u);
  EXPECT_EQ(listing->Hole(), kNoVersion);
}

TEST_F(LogListingTest, ALogThatWasCleanedUpToItsCheckpointEndsThere) {
  Make({Name(5, ".checkpoint.parquet"), Name(7, ".checkpoint.0000000001.0000000002.parquet"),
        Name(7, ".checkpoint.0000000002.0000000002.parquet"), Name(7, ".crc")});
  auto listing = ListLog(log_);
  EXPECT_EQ(listing->Last(), 7);
  EXPECT_TRUE(listing->NewerThanLast().empty());
  EXPECT_EQ(listing->checkpoints.at(7).size(), 2u);
}

TEST_F(LogListingTest, AHoleIsTheFirstCommitThatLacks) {
  Make({Name(3, ".json"), Name(4, ".json"), Name(6, ".json"), Name(8, ".json")});
  EXPECT_EQ(ListLog(log_)->Hole(), 5);
}

}  // namespace
}  // namespace cryptostream
