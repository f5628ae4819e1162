// Commits: what lands, what two writers see of each other, how one's own is found again, and what readers of the log get.
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "delta/table_fixture.h"

namespace cryptostream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

TEST_F(TableTest, AnAppendLandsWithItsPosition) {
  auto table = Must(Table::Create(Spec("t")));
  CommitOutcome outcome = Append(*table, 0, 100);
  EXPECT_EQ(outcome.version, 1);
  EXPECT_EQ(table->version(), 1);
  EXPECT_THAT(*table->Txns(), ElementsAre(Pair("cryptostream/bronze/direct/a", 100)));
  auto files = table->Files();
  ASSERT_THAT(*files, SizeIs(1));
  auto rows = ReadDataFile(table->root_path(), files->front(), table->schema());
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)->num_rows(), 100);
}

TEST_F(TableTest, AnotherHandlesCommitIsAConflictAndAReloadResolvesIt) {
  auto first = Must(Table::Create(Spec("t")));
  auto second = Must(Table::Open(Path("t")));
  Append(*first, 0, 10);
  CommitRequest request;
  request.adds = {Write(*second, 10, 10)};
  request.batch_id = "mine";
  auto outcome = second->Commit(request);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->kind, CommitResultKind::kConflict);
  EXPECT_EQ(outcome->version, 1);
  EXPECT_EQ(second->version(), 0);  // nothing is pinned unseen
  EXPECT_EQ(*second->FindCommit("mine", 0), std::nullopt);
  EXPECT_EQ(second->version(), 1);
  outcome = second->Commit(request);
  ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  EXPECT_EQ(outcome->version, 2);
}

// Another thread of the process may reload the table between a look at its positions and the commit that relies on them.
TEST_F(TableTest, WhatAReloadBroughtIsAConflictUntilItWasLookedAt) {
  auto writer = Must(Table::Create(Spec("t")));
  auto other = Must(Table::Open((dir_ / "t").string()));
  Append(*writer, 0, 10);
  CommitRequest request;
  request.adds = {Write(*writer, 10, 10)};
  request.batch_id = "mine";
  request.checked = writer->version();
  ASSERT_TRUE(other->Refresh());
  Append(*other, 10, 10, "other's");
  ASSERT_TRUE(writer->Refresh());
  EXPECT_EQ(writer->Commit(request)->kind, CommitResultKind::kConflict);
  request.checked = writer->version();
  EXPECT_EQ(writer->Commit(request)->kind, CommitResultKind::kCommitted);
  request.adds = {Write(*writer, 20, 10)};  // a commit of this handle in between is no reason to look again
  EXPECT_EQ(writer->Commit(request)->kind, CommitResultKind::kCommitted);
}

// The reply is lost: the commit is in the log, the writer does not know. It must find its own by the batch id, and not
// take the other writer's commit with the same position for its own.
TEST_F(TableTest, ACommitWhoseReplyWasLostIsFoundByItsBatchId) {
  Must(Table::Create(Spec("t")));
  auto writer = Must(Table::Open(Path("t")));
  auto elsewhere = Must(Table::Open(Path("t")));
  Append(*elsewhere, 0, 10, "not mine");
  Append(*elsewhere, 0, 10, "mine");  // what the writer sent, as the log has it
  EXPECT_EQ(*writer->FindCommit("mine", 1), std::optional<Version>(2));
  EXPECT_EQ(*writer->FindCommit("never sent", 1), std::nullopt);
  EXPECT_EQ(writer->version(), 2);
  EXPECT_THAT(*writer->Txns(), ElementsAre(Pair("cryptostream/bronze/direct/a", 10)));
}

TEST_F(TableTest, AnUnwritableLogIsAnOutcomeThatLeavesNothingBehind) {
  auto table = Must(Table::Create(Spec("t")));
  CommitRequest request;
  request.adds = {Write(*table, 0, 1)};
  request.batch_id = "b";
  auto log = dir_ / "t/_delta_log";
  std::filesystem::rename(log, dir_ / "away");
  std::ofstream(log) << "a file where the directory was";
  auto outcome = table->Commit(request);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_NE(outcome->kind, CommitResultKind::kCommitted);
  EXPECT_NE(outcome->kind, CommitResultKind::kConflict);
  EXPECT_FALSE(outcome->message.empty());
  std::filesystem::remove(log);
  std::filesystem::rename(dir_ / "away", log);
  EXPECT_EQ(*table->FindCommit("b", 0), std::nullopt);
  EXPECT_EQ(table->Commit(request)->kind, CommitResultKind::kCommitted);
}

TEST_F(TableTest, CommitsAreReadOneByOneWithAllTheyCarry) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10, "first");
  Append(*table, 10, 20, "second");
  auto all = table->CommitsAfter(0);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_THAT(*all, SizeIs(2));
  const CommitActions& second = (*all)[1];
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(second.batch_id, "second");
  EXPECT_EQ(second.operation, "bronze append");
  EXPECT_THAT(second.txns, ElementsAre(Pair("cryptostream/bronze/direct/a", 30)));
  ASSERT_THAT(second.adds, SizeIs(1));
  EXPECT_EQ(second.adds[0].rows, 20);
  EXPECT_THAT(second.adds[0].partition, ElementsAre(PartitionValue{"source", "a"}));
  EXPECT_GT(second.adds[0].size_bytes, 0);
  EXPECT_FALSE(second.data_change_remove);
  EXPECT_GT(second.time, Timestamp(std::chrono::hours(24)));
  EXPECT_THAT(*table->CommitsAfter(0, 1), SizeIs(1));
  EXPECT_THAT(*table->CommitsAfter(2), IsEmpty());
}

TEST_F(TableTest, CompactionIsNotSeenByReadersOfTheLogButReplacementIs) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  Append(*table, 10, 10);

  CommitRequest compact;
  compact.kind = CommitKind::kOptimize;
  compact.removes = *table->Files();
  compact.adds = {Write(*table, 0, 20)};
  compact.batch_id = "compact";
  auto outcome = table->Commit(compact);
  ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  ASSERT_THAT(*table->Files(), SizeIs(1));
  auto seen = table->CommitsAfter(2);
  ASSERT_THAT(*seen, SizeIs(1));
  EXPECT_THAT((*seen)[0].adds, IsEmpty());
  EXPECT_THAT((*seen)[0].removes, IsEmpty());
  EXPECT_FALSE((*seen)[0].data_change_remove);
  EXPECT_EQ((*seen)[0].batch_id, "compact");

  CommitRequest replace;
  replace.kind = CommitKind::kReplace;
  replace.removes = *table->Files();
  replace.adds = {Write(*table, 0, 20)};
  replace.batch_id = "replace";
  outcome = table->Commit(replace);
  ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  seen = table->CommitsAfter(3);
  ASSERT_THAT(*seen, SizeIs(1));
  EXPECT_TRUE((*seen)[0].data_change_remove);
  EXPECT_EQ((*seen)[0].removes[0].path, replace.removes[0].path);
  EXPECT_THAT((*seen)[0].adds, SizeIs(1));
  EXPECT_THAT(*table->Files(), SizeIs(1));
}

TEST_F(TableTest, AReplacementOfAFileThatIsNoLongerLiveIsRefused) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  CommitRequest replace;
  replace.kind = CommitKind::kReplace;
  replace.removes = *table->Files();
  replace.removes[0].path = "source=a/gone.parquet";
  replace.batch_id = "r";
  auto outcome = table->Commit(replace);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(outcome.error().message, HasSubstr("not live"));
  EXPECT_EQ(table->version(), 1);
}

TEST_F(TableTest, OfManyThreadsThatRemoveOneFileOneWins) {
  auto table = Must(Table::Create(Spec("t")));
  Append(*table, 0, 10);
  CommitRequest remove;
  remove.kind = CommitKind::kDelete;
  remove.removes = *table->Files();
  std::atomic<int> won{0}, lost{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      CommitRequest mine = remove;
      mine.batch_id = RandomHexId();
      auto outcome = table->Commit(mine);
      if (outcome && outcome->kind == CommitResultKind::kCommitted) ++won;
      if (!outcome && outcome.error().kind == ErrorKind::kConflict) ++lost;
    });
  }
  threads.clear();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 3);
  EXPECT_THAT(*table->Files(), IsEmpty());
}

TEST_F(TableTest, RemovedFilesAreRememberedWithTheTimeOfTheirRemoval) {
  auto table = Must(Table::Create(Spec("t")));
  for (int i = 0; i < 3; ++i) Append(*table, i * 10, 10);
  Timestamp before = std::chrono::floor<std::chrono::milliseconds>(SystemClock().Now());
  auto files = *table->Files();
  CommitRequest compact;
  compact.kind = CommitKind::kOptimize;
  compact.removes = {files[0], files[1]};
  compact.adds = {Write(*table, 0, 20)};
  compact.batch_id = "c";
  ASSERT_EQ(table->Commit(compact)->kind, CommitResultKind::kCommitted);
  for (bool checkpoint : {false, true}) {
    if (checkpoint) {
      ASSERT_TRUE(table->Checkpoint());
    }
    auto tombstones = table->Tombstones();
    ASSERT_TRUE(tombstones) << tombstones.error().message;
    ASSERT_THAT(*tombstones, SizeIs(2));
    EXPECT_TRUE(tombstones->contains(files[0].path));
    EXPECT_GE(tombstones->at(files[1].path), before);
  }
}

TEST_F(TableTest, RequestsThatSayNothingAreRefused) {
  auto table = Must(Table::Create(Spec("t")));
  CommitRequest empty;
  empty.batch_id = "b";
  EXPECT_FALSE(table->Commit(empty));
  empty.txns = {{"cryptostream/epoch", 1}};
  EXPECT_TRUE(table->Commit(empty));
  empty.batch_id = "";
  EXPECT_FALSE(table->Commit(empty));
}

TEST_F(TableTest, CommitsFromSeveralThreadsAllLand) {
  auto table = Must(Table::Create(Spec("t")));
  auto append = [&](std::int64_t first) {
    for (std::int64_t i = 0; i < 5; ++i) Append(*table, first + i, 1);
  };
  std::thread other(append, 100);
  append(0);
  other.join();
  EXPECT_EQ(table->version(), 10);
  EXPECT_THAT(*table->Files(), SizeIs(10));
}

}  // namespace
}  // namespace cryptostream
