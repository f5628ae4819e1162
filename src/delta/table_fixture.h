#pragma once

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "delta/data_file.h"
#include "delta/table.h"

namespace cryptostream {

// What the tests of tables share: a directory that goes away, a small partitioned table, and rows for it.
class TableTest : public testing::Test {
 protected:
  TableTest() : dir_(std::filesystem::temp_directory_path() / ("cryptostream-" + RandomHexId())) {
    std::filesystem::create_directories(dir_);
  }
  ~TableTest() override { std::filesystem::remove_all(dir_); }

  std::string Path(const std::string& name) const { return (dir_ / name).string(); }

  static std::shared_ptr<arrow::Schema> Schema() {
    auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    return arrow::schema({arrow::field("coin_id", arrow::utf8()), arrow::field("price", arrow::float64()),
                          arrow::field("at", utc), arrow::field("offset", arrow::int64()),
                          arrow::field("source", arrow::utf8())});
  }

  TableSpec Spec(const std::string& name) const { return {Path(name), Schema(), {"source"}, {}, /*fsync=*/false}; }

  // Rows with offsets from `first`, without the partition column.
  static std::shared_ptr<arrow::RecordBatch> Rows(std::int64_t first, std::int64_t count) {
    arrow::StringBuilder coin;
    arrow::DoubleBuilder price;
    arrow::TimestampBuilder at(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
    arrow::Int64Builder offset;
    for (std::int64_t i = first; i < first + count; ++i) {
      EXPECT_TRUE(coin.Append(i % 2 ? "bitcoin" : "ethereum").ok());
      EXPECT_TRUE(price.Append(100.5 + static_cast<double>(i)).ok());
      EXPECT_TRUE(at.Append(1'723'161'253'937'085 + i).ok());
      EXPECT_TRUE(offset.Append(i).ok());
    }
    arrow::FieldVector fields = Schema()->fields();
    fields.pop_back();
    return arrow::RecordBatch::Make(arrow::schema(fields), count,
                                    {*coin.Finish(), *price.Finish(), *at.Finish(), *offset.Finish()});
  }

  static DataFile Write(const Table& table, std::int64_t first, std::int64_t count, const std::string& source = "a") {
    auto file = WriteDataFile(table.root_path(), {{"source", source}}, Rows(first, count), {.fsync = false});
    EXPECT_TRUE(file) << file.error().message;
    return *file;
  }

  // Appends one file of rows, with a position; the test fails unless it is committed.
  static CommitOutcome Append(Table& table, std::int64_t first, std::int64_t count, const std::string& batch_id = RandomHexId()) {
    CommitRequest request;
    request.adds = {Write(table, first, count)};
    request.txns = {{"cryptostream/bronze/direct/a", first + count}};
    request.batch_id = batch_id;
    request.operation = "bronze append";
    auto outcome = table.Commit(request);
    EXPECT_TRUE(outcome && outcome->kind == CommitResultKind::kCommitted)
        << (outcome ? outcome->message : outcome.error().message);
    return outcome ? *outcome : CommitOutcome{};
  }

  static std::unique_ptr<Table> Must(Result<std::unique_ptr<Table>> table) {
    EXPECT_TRUE(table) << table.error().message;
    return table ? *std::move(table) : nullptr;
  }

  std::filesystem::path dir_;
};

}  // namespace cryptostream
