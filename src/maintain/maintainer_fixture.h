#pragma once

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "delta/data_file.h"
#include "delta/log_files.h"
#include "lake/commit_once.h"
#include "lake/floor.h"
#include "maintain/maintainer.h"
#include "market/columns.h"

namespace cryptostream {

namespace fs = std::filesystem;

// A lake in a temporary directory whose bronze is filled commit by commit, and whose reader, silver, says how far it has come.
class MaintainerTest : public testing::Test {
 protected:
  MaintainerTest() : root_(fs::temp_directory_path() / ("cryptostream-maintainer-" + RandomHexId())) {
    options_.root = root_.string();
    options_.fsync = false;
    options_.maintenance.compact_files = 4;
    options_.maintenance.log_retention = std::chrono::milliseconds(0);
    options_.maintenance.file_retention = std::chrono::milliseconds(0);
  }
  ~MaintainerTest() override {
    lake_ = nullptr;
    fs::remove_all(root_);
  }

  void Open() {
    lake_ = nullptr;
    auto lake = Lake::Open(options_);
    ASSERT_TRUE(lake) << lake.error().message;
    lake_ = *std::move(lake);
  }

  static std::vector<PartitionRows> Columns(RawBatch batch) {
    DatedBatches dated;
    AddByDate(std::make_shared<const RawBatch>(std::move(batch)), dated);
    return *BronzeColumns(dated);
  }

  // One commit of `rows` messages into bronze, with its position.
  void Append(int rows) {
    RawBatch batch;
    batch.source = "coingecko";
    batch.topic = "test";
    batch.position_id = "bronze/direct/test";
    std::int64_t first = offset_;
    for (std::int64_t i = first; i < first + rows; ++i) {
      batch.Add({std::nullopt, "{\"n\":" + std::to_string(i) + "}", FromMicros(1'800'000'000'000'000 + i), i});
    }
    CommitPlan plan;
    plan.rows = Columns(std::move(batch));
    plan.positions = {{AppId("bronze/direct/test"), first + rows}};
    if (first > 0) plan.expected = {{AppId("bronze/direct/test"), first}};
    plan.operation = "bronze append";
    auto version = CommitOnce(lake_->bronze(), BronzeLayout(), std::move(plan), lake_->epoch());
    ASSERT_TRUE(version) << version.error().message;
    offset_ += rows;
  }

  // Lets silver say that it has read bronze up to `version`.
  void SilverHasRead(Version version) {
    CommitPlan plan;
    plan.positions = {{SilverPositionId(lake_->bronze().id()), version}};
    Positions now = *lake_->silver().Txns();
    if (auto found = now.find(plan.positions.begin()->first); found != now.end()) plan.expected.insert(*found);
    ASSERT_TRUE(CommitOnce(lake_->silver(), SilverLayout(), std::move(plan), lake_->epoch()));
  }

  CompactionReport Compact() {
    auto reports = maintainer().Compact(true, StopToken());
    EXPECT_TRUE(reports) << reports.error().message;
    return reports ? (*reports)["bronze"] : CompactionReport{};
  }
  CleaningReport Clean(bool dry_run = false) {
    auto reports = maintainer().Clean(dry_run, StopToken());
    EXPECT_TRUE(reports) << reports.error().message;
    return reports ? (*reports)["bronze"] : CleaningReport{};
  }
  Maintainer& maintainer() {
    maintainer_ = std::make_unique<Maintainer>(*lake_);
    return *maintainer_;
  }

  std::vector<std::int64_t> Offsets() {
    std::vector<std::int64_t> offsets;
    auto files = lake_->bronze().Files();
    for (const DataFile& file : *files) {
      auto batches = BronzeBatches(**ReadDataFile(lake_->bronze().root_path(), file, BronzeLayout().schema));
      for (const RawBatchPtr& batch : *batches) offsets.insert(offsets.end(), batch->offsets().begin(), batch->offsets().end());
    }
    std::sort(offsets.begin(), offsets.end());
    return offsets;
  }
  std::vector<std::int64_t> All() const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(offset_.load()));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
    return all;
  }
  std::size_t FilesOnDisk() const {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / BronzeLayout().path)) {
      files += entry.path().string().find("part-") != std::string::npos;
    }
    return files;
  }
  std::size_t Live() { return lake_->bronze().Files()->size(); }
  LogFiles Log() { return *ListLogFiles(lake_->bronze().root_path()); }

  const fs::path root_;
  LakeOptions options_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<Maintainer> maintainer_;
  std::atomic<std::int64_t> offset_{0};
};

}  // namespace cryptostream
