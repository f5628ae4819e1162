// Which data files vacuum takes: never one that somebody can still want.
#include "maintain/vacuum.h"

#include "maintain/maintainer_fixture.h"

namespace cryptostream {
namespace {

using VacuumTest = MaintainerTest;

TEST_F(VacuumTest, VacuumTakesRemovedFilesAfterTheirRetention) {
  options_.maintenance.file_retention = std::chrono::hours(6);
  Open();
  for (int i = 0; i < 8; ++i) Append(3);
  SilverHasRead(8);
  Compact();
  for (const auto& entry : fs::recursive_directory_iterator(root_ / BronzeLayout().path)) {
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(100));
  }
  Clean();
  EXPECT_EQ(FilesOnDisk(), 9u);  // old files, but removed just now
  options_.maintenance.file_retention = std::chrono::milliseconds(0);
  Open();
  SilverHasRead(9);
  EXPECT_EQ(Clean(true).data_files, 8);
  EXPECT_EQ(FilesOnDisk(), 9u);
  EXPECT_EQ(Clean().data_files, 8);
  EXPECT_EQ(FilesOnDisk(), 1u);
  EXPECT_EQ(Offsets(), All());
}

TEST_F(VacuumTest, VacuumLeavesWhatAReaderBehindStillHasToOpen) {
  Open();
  Append(3);
  Append(3);
  SilverHasRead(1);
  RewritePlan plan{CommitKind::kDelete, {}, *lake_->bronze().Files(), {}, "test", {}};
  ASSERT_TRUE(CommitRewrite(lake_->bronze(), BronzeLayout(), plan, lake_->epoch()));
  EXPECT_EQ(Clean().data_files, 0);  // version 3 removes them, silver is at 1
  SilverHasRead(3);
  EXPECT_EQ(Clean().data_files, 2);
}

// D13
TEST_F(VacuumTest, VacuumLeavesFilesThatAreBeingWritten) {
  Open();
  Append(3);
  SilverHasRead(1);
  RawBatch batch;
  batch.source = "coingecko";
  batch.Add({std::nullopt, "x", FromMicros(1'800'000'000'000'000), 0});
  auto part = Columns(std::move(batch));
  auto hold = std::make_unique<FileHold>();
  DataFileOptions options{.fsync = false, .hold = hold.get()};
  auto writer =
      DataFileWriter::Open(lake_->bronze().root_path(), {{"date", part[0].partition[0]}}, part[0].rows->schema(), options);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->Write(*part[0].rows));
  EXPECT_EQ(Clean().data_files, 0);  // half written
  auto file = (*writer)->Finish();
  EXPECT_EQ(Clean().data_files, 0);  // whole, not committed
  hold = nullptr;                    // its writer gave up
  EXPECT_EQ(Clean().data_files, 1);
  EXPECT_FALSE(fs::exists(root_ / BronzeLayout().path / file->path));
  EXPECT_EQ(Offsets(), All());
}

TEST_F(VacuumTest, FilesThatNoVersionKnowsStayUntilTheyAreOld) {
  options_.maintenance.file_retention = std::chrono::hours(6);
  Open();
  Append(1);
  fs::path folder = root_ / BronzeLayout().path / "date=2020-01-01";
  fs::create_directories(folder);
  fs::path whole = folder / "part-x.zstd.parquet", half = folder / ".part-y.zstd.parquet.tmp", foreign = folder / "notes.txt";
  for (const fs::path& path : {whole, half, foreign}) std::ofstream(path) << "x";
  Clean();
  EXPECT_TRUE(fs::exists(whole) && fs::exists(half));
  for (const fs::path& path : {whole, half, foreign}) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(7));
  }
  EXPECT_EQ(Clean().data_files, 2);
  EXPECT_FALSE(fs::exists(whole) || fs::exists(half));
  EXPECT_TRUE(fs::exists(foreign));  // not ours
  fs::remove(foreign);
  fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::hours(7));
  Clean();
  EXPECT_FALSE(fs::exists(folder));
}

}  // namespace
}  // namespace cryptostream
