// The policy of compaction, played through: how many files a partition holds and how often a row is rewritten.
#include "maintain/compact_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const Timestamp kNow = FromMicros(1'800'000'000'000'000);

DataFile File(std::int64_t rows, const std::string& day = "2024-08-08", Timestamp modified = kNow) {
  static int number = 0;
  DataFile file;
  file.path = "date=" + day + "/" + std::to_string(++number);
  file.rows = rows;
  file.size_bytes = 4000 + rows * 20;
  file.modified = modified;
  file.partition = {{"date", day}};
  return file;
}

// Compacts as a table would be, until nothing is left to do. Out: rows rewritten.
std::int64_t Compact(std::vector<DataFile>* files, const MaintenanceOptions& options, Timestamp now) {
  std::int64_t rewritten = 0;
  while (true) {
    auto jobs = PlanCompaction(*files, options, now);
    if (jobs.empty()) return rewritten;
    std::int64_t rows = 0;
    for (const DataFile& input : jobs.front().files) {
      rows += input.rows;
      std::erase_if(*files, [&](const DataFile& file) { return file.path == input.path; });
    }
    files->push_back(File(rows));
    rewritten += rows;
  }
}

TEST(CompactPlan, LeavesAFewSmallFilesAlone) {
  std::vector<DataFile> files;
  for (int i = 0; i < 13; ++i) files.push_back(File(10));
  EXPECT_THAT(PlanCompaction(files, {}, kNow), IsEmpty());
  files.push_back(File(10));
  auto jobs = PlanCompaction(files, {}, kNow);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(jobs[0].files, SizeIs(14));
}

TEST(CompactPlan, NeverMixesPartitions) {
  std::vector<DataFile> files;
  for (int i = 0; i < 20; ++i) files.push_back(File(10, i % 2 ? "2024-08-08" : "2024-08-09"));
  EXPECT_THAT(PlanCompaction(files, {}, kNow), IsEmpty());
}

TEST(CompactPlan, ALargeFileIsNotRewrittenForAFewRows) {
  std::vector<DataFile> files{File(1'000'000)};
  for (int i = 0; i < 100; ++i) files.push_back(File(1));
  auto jobs = PlanCompaction(files, {}, kNow);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(jobs[0].files, SizeIs(100));
  files = {File(1'000'000, "2024-08-08", kNow - std::chrono::hours(1)), File(1, "2024-08-08", kNow - std::chrono::hours(1))};
  EXPECT_THAT(PlanCompaction(files, {}, kNow), IsEmpty());
}

TEST(CompactPlan, FilesOfTheTargetSizeAreDone) {
  MaintenanceOptions options;
  options.target_bytes = 4000 + 20 * 100;
  std::vector<DataFile> files;
  for (int i = 0; i < 32; ++i) files.push_back(File(100));
  EXPECT_THAT(PlanCompaction(files, options, kNow), IsEmpty());
}

TEST(CompactPlan, AClosedPartitionComesDownToOneFile) {
  Timestamp before = kNow - std::chrono::hours(1);
  std::vector<DataFile> files;
  for (int i = 0; i < 5; ++i) files.push_back(File(16'384, "2024-08-08", before));
  for (int i = 0; i < 9; ++i) files.push_back(File(256, "2024-08-08", before));
  auto jobs = PlanCompaction(files, {}, kNow);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(jobs[0].files, SizeIs(14));
}

// Commits of one second each, with rows that vary as real ones do, for a day: the bounds that issue 4 asks for.
TEST(CompactPlan, ADayOfCommitsStaysWithinItsBounds) {
  std::vector<DataFile> files;
  std::int64_t rows = 0, rewritten = 0;
  std::size_t most = 0;
  for (int second = 0; second < 86'400; ++second) {
    files.push_back(File(1 + (second * 7919) % 40));
    rows += files.back().rows;
    if (second % 10 == 0) rewritten += Compact(&files, {}, kNow);
    most = std::max(most, files.size());
    if (second == 3600) {
      EXPECT_LE(most, 60u);
    }
  }
  EXPECT_LE(most, 75u);
  rewritten += Compact(&files, {}, kNow + std::chrono::hours(1));
  EXPECT_LE(files.size(), 4u);
  EXPECT_LE(static_cast<double>(rewritten), 4.0 * static_cast<double>(rows));
}

}  // namespace
}  // namespace cryptostream
