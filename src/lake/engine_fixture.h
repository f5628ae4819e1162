#pragma once

// For this folder's tests: the engine over a real lake in a temporary directory, fed with lines, its tables read back.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "delta/data_file.h"
#include "lake/engine.h"
#include "lake/silver_reader.h"

namespace cryptostream {

inline std::string Message(double timestamp, const std::string& coin, double price) {
  return fmt::format(R"({{"timestamp": {:.6f}, "coin_id": "{}", "price": {}, "volume_24h": 1.5}})", timestamp, coin, price);
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() : root_(std::filesystem::temp_directory_path() / ("cryptostream-engine-" + RandomHexId())) {
    options_.root = root_.string();
    options_.fsync = false;
    options_.commit_every = std::chrono::milliseconds(20);
    options_.correct_every = std::chrono::milliseconds(0);
  }
  ~EngineTest() override {
    Stop();
    std::filesystem::remove_all(root_);
  }

  void Start() {
    auto lake = Lake::Open(options_);
    ASSERT_TRUE(lake) << lake.error().message;
    lake_ = *std::move(lake);
    engine_ = std::make_unique<Engine>(*lake_, clock_, EngineHooks{});
  }
  void Stop() {
    engine_ = nullptr;
    lake_ = nullptr;
  }

  // A batch of a file's lines from `first` on, all received a second after the latest of them.
  static RawBatch Lines(const std::vector<std::string>& lines, std::int64_t first = 0) {
    RawBatch batch;
    batch.source = "coingecko";
    batch.topic = "test.jsonl";
    batch.position_id = "bronze/file/test";
    std::int64_t offset = first;
    for (const auto& line : lines) batch.Add({std::nullopt, line, FromMicros(1'800'000'000'000'000), offset++});
    batch.next_position = offset;
    return batch;
  }
  void Feed(RawBatch batch) { ASSERT_TRUE(engine_->Push(std::move(batch), StopToken())); }
  void Drain(bool close) {
    Status drained = engine_->Drain(close, StopToken());
    ASSERT_TRUE(drained) << drained.error().message;
  }

  std::vector<Tick> Silver() {
    std::vector<Tick> all;
    TimeRange ever{FromMicros(0), FromMicros(4'000'000'000'000'000)};
    Status read = ReadSilver(lake_->silver().view(), lake_->quotes(), ever, [&](const std::vector<Tick>& ticks) -> Status {
      all.insert(all.end(), ticks.begin(), ticks.end());
      return {};
    });
    EXPECT_TRUE(read) << read.error().message;
    return all;
  }
  // Of every source, and the chosen ones.
  std::vector<GoldRow> Gold() { return Rows(lake_->sources(), *lake_->sources().snapshot()); }
  std::vector<GoldRow> Chosen() { return Rows(lake_->gold(), *lake_->gold().snapshot()); }
  // The rows of a table of windows at a version, by key.
  static std::vector<GoldRow> Rows(const Table& table, const Snapshot& at) {
    std::vector<GoldRow> all;
    auto files = at.Files();
    for (const DataFile& file : *files) {
      auto rows = GoldRows(**ReadDataFile(table.root_path(), file, GoldLayout().schema), SourceQuotes());
      all.insert(all.end(), rows->begin(), rows->end());
    }
    std::sort(all.begin(), all.end(), [](const GoldRow& a, const GoldRow& b) { return a.key < b.key; });
    return all;
  }
  std::int64_t CountRows(Table& table) {
    std::int64_t rows = 0;
    auto files = table.Files();
    for (const DataFile& file : *files) rows += file.rows;
    return rows;
  }

  const std::filesystem::path root_;
  LakeOptions options_;
  SystemClock clock_;
  std::unique_ptr<Lake> lake_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace cryptostream
