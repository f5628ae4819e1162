// Merging data files: the same rows, sorted, whatever the inputs look like; memory and target size are kept.
#include "maintain/sorted_merge.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "market/columns.h"

namespace cryptostream {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SortedMerge : public testing::Test {
 protected:
  SortedMerge() : root_(std::filesystem::temp_directory_path() / ("cryptostream-merge-" + RandomHexId())) {
    std::filesystem::create_directories(root_);
  }
  ~SortedMerge() override { std::filesystem::remove_all(root_); }

  static Tick MakeTick(int i) {
    Tick tick;
    tick.coin = Name(std::array{"bitcoin", "ethereum", "tron"}[static_cast<std::size_t>(i * 7 % 3)]);
    tick.source = Name("coingecko");
    tick.event_time = FromMicros(1'723'161'253'000'000 + (i * 7919LL) % 100'000);
    tick.price = 1 + i;
    return tick;
  }

  DataFile Write(int first, int count) {
    std::vector<Tick> ticks;
    for (int i = first; i < first + count; ++i) ticks.push_back(MakeTick(i));
    auto parts = SilverColumns(ticks);
    EXPECT_TRUE(parts && parts->size() == 1);
    std::vector<PartitionValue> partition;
    for (std::size_t i = 0; i < 3; ++i) partition.push_back({SilverLayout().partition_columns[i], parts->front().partition[i]});
    auto file = WriteDataFile(root_.string(), partition, *parts->front().rows, {.fsync = false});
    EXPECT_TRUE(file) << file.error().message;
    return *file;
  }

  Result<Merged> Merge(std::vector<DataFile> files, std::int64_t target = 128 << 20, std::int64_t memory = 64 << 20) {
    MergeRequest request;
    request.root = root_.string();
    request.layout = &SilverLayout();
    request.files = std::move(files);
    request.target_bytes = target;
    request.memory_bytes = memory;
    request.options.fsync = false;
    return MergeFiles(request, StopToken());
  }

  std::vector<Tick> Read(const std::vector<DataFile>& files) {
    std::vector<Tick> all;
    for (const DataFile& file : files) {
      auto table = ReadDataFile(root_.string(), file, SilverLayout().schema);
      EXPECT_TRUE(table) << table.error().message;
      auto ticks = Ticks(**table, SourceQuotes());
      all.insert(all.end(), ticks->begin(), ticks->end());
    }
    return all;
  }

  static auto Key(const Tick& tick) { return std::tuple(tick.coin.str(), tick.event_time, tick.price); }
  static bool SortedByCoinAndTime(const std::vector<Tick>& ticks) {
    return std::is_sorted(ticks.begin(), ticks.end(), [](const Tick& a, const Tick& b) {
      return std::tuple(a.coin.str(), a.event_time) < std::tuple(b.coin.str(), b.event_time);
    });
  }
  static auto Sorted(std::vector<Tick> ticks) {
    std::vector<std::tuple<std::string, Timestamp, double>> keys;
    for (const Tick& tick : ticks) keys.push_back(Key(tick));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  const std::filesystem::path root_;
};

TEST_F(SortedMerge, KeepsEveryRowAndSortsThem) {
  std::vector<DataFile> files;
  for (int i = 0; i < 5; ++i) files.push_back(Write(i * 1000, 1000));
  auto merged = Merge(files);
  ASSERT_TRUE(merged) << merged.error().message;
  EXPECT_THAT(merged->inputs, SizeIs(5));
  ASSERT_THAT(merged->outputs, SizeIs(1));
  std::vector<Tick> rows = Read(merged->outputs);
  EXPECT_TRUE(SortedByCoinAndTime(rows));
  EXPECT_EQ(Sorted(rows), Sorted(Read(files)));
}

TEST_F(SortedMerge, SortedInputsAreStreamedTogetherWithUnsortedOnes) {
  auto first = Merge({Write(0, 30'000), Write(30'000, 30'000)});
  auto second = Merge({Write(60'000, 20'000), Write(80'000, 100)});
  ASSERT_TRUE(first && second);
  std::vector<DataFile> files{first->outputs[0], second->outputs[0], Write(90'000, 500)};
  // Room for the unsorted rows and one piece of each sorted file, not for all rows.
  auto merged = Merge(files, 128 << 20, 4 << 20);
  ASSERT_TRUE(merged) << merged.error().message;
  ASSERT_THAT(merged->inputs, SizeIs(3));
  std::vector<Tick> rows = Read(merged->outputs);
  EXPECT_TRUE(SortedByCoinAndTime(rows));
  EXPECT_EQ(Sorted(rows), Sorted(Read(files)));
}

TEST_F(SortedMerge, StatisticsAreThoseOfTheRows) {
  std::vector<DataFile> files{Write(0, 300), Write(300, 300)};
  auto merged = Merge(files);
  ASSERT_TRUE(merged);
  DataFile whole = Write(0, 600);
  EXPECT_EQ(merged->outputs[0].stats_json, whole.stats_json);
  EXPECT_EQ(merged->outputs[0].rows, 600);
}

TEST_F(SortedMerge, ANewFileIsBegunAtTheTargetSize) {
  std::vector<DataFile> files{Write(0, 50'000), Write(50'000, 50'000)};
  auto merged = Merge(files, files[0].size_bytes / 4, 20 << 20);
  ASSERT_TRUE(merged);
  EXPECT_GT(merged->outputs.size(), 2u);
  EXPECT_EQ(Sorted(Read(merged->outputs)), Sorted(Read(files)));
}

TEST_F(SortedMerge, WhatDoesNotFitIntoMemoryIsLeftOut) {
  std::vector<DataFile> files{Write(0, 1000), Write(1000, 1000), Write(2000, 50'000)};
  auto merged = Merge(files, 128 << 20, 1 << 20);
  ASSERT_TRUE(merged);
  EXPECT_THAT(merged->inputs, SizeIs(2));
  EXPECT_THAT(Merge({files[2], files[2]}, 128 << 20, 1 << 20)->inputs, IsEmpty());
}

TEST_F(SortedMerge, ADamagedInputLeavesNothingBehind) {
  std::vector<DataFile> files{Write(0, 1000), Write(1000, 1000)};
  files[1].rows = 999;
  EXPECT_FALSE(Merge(files));
  int names = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) names += entry.is_regular_file();
  EXPECT_EQ(names, 2);
}

}  // namespace
}  // namespace cryptostream
