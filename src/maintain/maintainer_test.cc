// Maintenance of a real lake in a temporary directory: rows never change, nothing that anybody needs is deleted, what nobody
// needs goes. Vacuum: vacuum_test.cc.
#include "maintain/maintainer.h"

#include "maintain/maintainer_fixture.h"

namespace cryptostream {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(MaintainerTest, SmallFilesBecomeOneAndNoRowChanges) {
  Open();
  for (int i = 0; i < 10; ++i) Append(3);
  SilverHasRead(lake_->bronze().version());
  CompactionReport report = Compact();
  EXPECT_EQ(report.jobs, 1);
  EXPECT_EQ(report.rows, 30);
  EXPECT_EQ(Live(), 1u);
  EXPECT_EQ(Offsets(), All());
  auto commits = lake_->bronze().CommitsAfter(10);
  ASSERT_THAT(*commits, SizeIs(1));
  EXPECT_EQ(commits->front().operation, "compact");
  EXPECT_THAT(commits->front().adds, IsEmpty());  // nothing new for those who read the log
  EXPECT_EQ(Compact().jobs, 0);
}

TEST_F(MaintainerTest, OnlyWhatEverybodyHasReadIsCompacted) {
  Open();
  for (int i = 0; i < 10; ++i) Append(3);
  EXPECT_EQ(Compact().jobs, 0);  // silver has not begun
  SilverHasRead(6);
  Compact();
  EXPECT_EQ(Live(), 5u);  // six became one
  EXPECT_EQ(Offsets(), All());
}

TEST_F(MaintainerTest, AppendsGoOnMeanwhile) {
  Open();
  Append(3);
  std::jthread appends([&](StopToken) {
    for (int i = 0; i < 120; ++i) Append(2);
  });
  Maintainer keeper(*lake_);
  while (offset_ < 240) {
    SilverHasRead(lake_->bronze().version());
    auto done = keeper.Compact(true, StopToken());
    ASSERT_TRUE(done) << done.error().message;
  }
  appends.join();
  EXPECT_EQ(Offsets(), All());
  SilverHasRead(lake_->bronze().version());
  ASSERT_TRUE(keeper.Compact(true, StopToken()));
  EXPECT_LT(Live(), 20u);
  EXPECT_EQ(Offsets(), All());
}

TEST_F(MaintainerTest, ACompactionWhoseInputIsReplacedMeanwhileGivesWay) {
  Open();
  for (int i = 0; i < 4; ++i) Append(3);
  auto files = *lake_->bronze().Files();
  RewritePlan plan{CommitKind::kDelete, {}, {files[0]}, {}, "test", {}};
  ASSERT_TRUE(CommitRewrite(lake_->bronze(), BronzeLayout(), plan, lake_->epoch()));
  plan = {CommitKind::kOptimize, {files[1]}, {files[0], files[1]}, {}, "compact", {}};
  auto late = CommitRewrite(lake_->bronze(), BronzeLayout(), plan, lake_->epoch());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(Live(), 3u);
}

TEST_F(MaintainerTest, AFencedWriterCompactsNothing) {
  Open();
  for (int i = 0; i < 4; ++i) Append(3);
  auto other = *Table::Open(lake_->bronze().root_path(), {.fsync = false});
  CommitRequest takeover;
  takeover.txns = {{EpochId(), lake_->epoch() + 1}};
  takeover.batch_id = "other";
  ASSERT_TRUE(other->Commit(takeover));
  auto files = *lake_->bronze().Files();
  RewritePlan plan{CommitKind::kDelete, {}, {files[0]}, {}, "test", {}};
  auto fenced = CommitRewrite(lake_->bronze(), BronzeLayout(), plan, lake_->epoch());
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().kind, ErrorKind::kFenced);
}

// Maintenance or a commit in doubt has reloaded the table between the stage's look at its positions and its commit.
TEST_F(MaintainerTest, AFencedWriterAppendsNothingToATableThatWasReloaded) {
  Open();
  Append(3);
  CommitPlan plan;
  plan.checked = lake_->bronze().version();
  plan.positions = {{AppId("bronze/direct/test"), 6}};
  plan.expected = {{AppId("bronze/direct/test"), 3}};
  auto other = *Table::Open(lake_->bronze().root_path(), {.fsync = false});
  CommitRequest takeover;
  takeover.txns = {{EpochId(), lake_->epoch() + 1}, {AppId("bronze/direct/test"), 6}};
  takeover.batch_id = "other";
  ASSERT_TRUE(other->Commit(takeover));
  ASSERT_TRUE(lake_->bronze().Refresh());
  auto fenced = CommitOnce(lake_->bronze(), BronzeLayout(), plan, lake_->epoch());
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().kind, ErrorKind::kFenced);
  auto twin = CommitOnce(lake_->bronze(), BronzeLayout(), plan, lake_->epoch() + 1);  // of the same age: the position tells
  ASSERT_FALSE(twin);
  EXPECT_EQ(twin.error().kind, ErrorKind::kConflict);
}

// D11
TEST_F(MaintainerTest, LogCleanupKeepsTwoCheckpointsAndWhatIsBehind) {
  Open();
  for (int i = 0; i < 420; ++i) Append(1);  // checkpoints 100, 200, 300, 400
  SilverHasRead(250);
  EXPECT_THAT(Clean(true).names, Not(IsEmpty()));
  EXPECT_EQ(Log().commits.front(), 0);  // a dry run deletes nothing
  EXPECT_EQ(Clean().log_from, 200);     // the checkpoint below silver's position
  EXPECT_EQ(Log().commits.front(), 200);
  EXPECT_EQ(Log().checkpoints.front(), 200);
  EXPECT_TRUE(lake_->bronze().SnapshotAt(250));
  SilverHasRead(420);
  EXPECT_EQ(Clean().log_from, 300);  // two checkpoints stay
  EXPECT_EQ(Log().by_version.begin()->first, 300);
  Open();
  EXPECT_EQ(Offsets(), All());
  EXPECT_EQ(lake_->bronze().version(), 420);
  EXPECT_EQ(lake_->bronze().CommitsAfter(250).error().kind, ErrorKind::kNotFound);
}

TEST_F(MaintainerTest, LogCleanupWaitsForItsRetention) {
  options_.maintenance.log_retention = std::chrono::hours(48);
  Open();
  for (int i = 0; i < 310; ++i) Append(1);
  SilverHasRead(310);
  EXPECT_EQ(Clean().log_files, 0);
  for (int version = 0; version < 250; ++version) {
    fs::last_write_time(Log().folder / fmt::format("{:020}.json", version),
                        fs::file_time_type::clock::now() - std::chrono::hours(72));
  }
  EXPECT_EQ(Clean().log_from, 200);
}

// D9, D10: what is deleted is never the only readable state.
TEST_F(MaintainerTest, ADamagedCheckpointStopsLogCleanup) {
  Open();
  for (int i = 0; i < 310; ++i) Append(1);
  SilverHasRead(310);
  fs::path checkpoint = Log().folder / fmt::format("{:020}.checkpoint.parquet", 200);
  fs::resize_file(checkpoint, fs::file_size(checkpoint) / 2);
  auto cleaned = maintainer().Clean(false, StopToken());
  ASSERT_FALSE(cleaned);
  EXPECT_EQ(cleaned.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(Log().commits.front(), 0);
}

TEST_F(MaintainerTest, ALastCheckpointThatSaysNothingStopsLogCleanup) {
  Open();
  for (int i = 0; i < 310; ++i) Append(1);
  SilverHasRead(310);
  std::ofstream(Log().folder / "_last_checkpoint") << "garbage";
  EXPECT_EQ(Clean().log_files, 0);
  std::ofstream(Log().folder / "_last_checkpoint") << R"({"version":100,"size":1})";
  EXPECT_EQ(Clean().log_from, 100);  // never below what it names
}

TEST_F(MaintainerTest, StagedCommitsOfACrashAreDeletedWhenOld) {
  Open();
  fs::path staged = Log().folder / "00000000000000000007.json#1";
  std::ofstream(staged) << "{}";
  Clean();
  EXPECT_TRUE(fs::exists(staged));
  fs::last_write_time(staged, fs::file_time_type::clock::now() - std::chrono::hours(2));
  Clean();
  EXPECT_FALSE(fs::exists(staged));
}

// A look may come before the reader has caught up, and be the last one that new commits ask for. `Compact(false)`: as the thread does it.
TEST_F(MaintainerTest, WritersThatFallSilentAfterALookLeaveNoSmallFiles) {
  Open();
  Maintainer keeper(*lake_);
  ASSERT_TRUE(keeper.Compact(false, StopToken()));  // of a new table
  for (int i = 0; i < 40; ++i) Append(2);
  SilverHasRead(lake_->bronze().version() - 1);
  ASSERT_TRUE(keeper.Compact(false, StopToken()));
  SilverHasRead(lake_->bronze().version());
  ASSERT_TRUE(keeper.Compact(false, StopToken()));
  EXPECT_LT(Live(), 4u);
  EXPECT_EQ(Offsets(), All());
  auto looked = keeper.Compact(false, StopToken());
  ASSERT_TRUE(looked);
  EXPECT_FALSE(looked->contains("bronze"));  // nobody wrote anything: no look
}

TEST_F(MaintainerTest, TheThreadDoesItByItself) {
  options_.maintenance.compact_every = std::chrono::milliseconds(10);
  options_.maintenance.clean_every = std::chrono::milliseconds(10);
  Open();
  Maintainer keeper(*lake_);
  keeper.Start();
  for (int i = 0; i < 40; ++i) {
    Append(2);
    SilverHasRead(lake_->bronze().version());
  }
  // The reader follows the merges. Standing still, it would keep every file of the version at which it stands.
  Version read = lake_->bronze().version();
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (FilesOnDisk() > 10 && std::chrono::steady_clock::now() < until) {
    if (Version newest = lake_->bronze().version(); newest > std::exchange(read, newest)) SilverHasRead(newest);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  keeper.Stop();
  EXPECT_LE(FilesOnDisk(), 10u);
  EXPECT_EQ(Offsets(), All());
}

}  // namespace
}  // namespace cryptostream
