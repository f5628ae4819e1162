#pragma once

// For this folder's tests: a small lake written with the engine's own column makers, ticks and rows by hand.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "delta/data_file.h"
#include "delta/table.h"
#include "live/candle_fold.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream::testing_lake {

inline Timestamp At(std::string_view text) { return *ParseRfc3339(text); }
inline const Timestamp kStart = At("2024-08-08T12:00:00Z");
inline Timestamp Second(int s) { return kStart + std::chrono::seconds(s); }
inline Timestamp MinuteAt(int m) { return kStart + std::chrono::minutes(m); }

inline Tick MakeTick(int second, double price, std::string_view coin = "bitcoin", std::string_view source = "coingecko") {
  Tick tick;
  tick.coin = Name(coin);
  tick.source = Name(source);
  tick.quote = Name("usd");
  tick.event_time = tick.ingested = tick.last_updated = Second(second);
  tick.price = price;
  return tick;
}

inline GoldRow Fold(const std::vector<Tick>& ticks) {
  WindowAccumulator all;
  for (const Tick& tick : ticks) all.Add(tick);
  return all.Finish(WindowOf(ticks[0]));
}

// Every field of a bar, doubles in full.
inline std::string Words(const Candle& bar) {
  return fmt::format("{}..{} {} o={} h={} l={} c={} avg={} v={} vwap={} n={} {}{}\n", FormatRfc3339(bar.open_time),
                     FormatRfc3339(bar.close_time), bar.source.str(), bar.open, bar.high, bar.low, bar.close, bar.avg, bar.volume,
                     bar.vwap, bar.samples, bar.closed ? "closed" : "open", bar.committed ? "" : " provisional");
}

// A row of one sample at minute `m`.
inline GoldRow MakeRow(int m, double price, std::string_view coin = "bitcoin", std::string_view source = "coingecko") {
  return Fold({MakeTick(m * 60, price, coin, source)});
}

// Tables below a directory of its own, committed to by hand.
class TestLake {
 public:
  TestLake() : root_(std::filesystem::temp_directory_path() / ("serve_test_" + RandomHexId())) {
    std::filesystem::create_directories(root_);
  }
  ~TestLake() { std::filesystem::remove_all(root_); }
  const std::filesystem::path& root() const { return root_; }

  void CommitSilver(const std::vector<Tick>& ticks, std::map<std::string, std::int64_t> txns) {
    auto parts = SilverColumns(ticks);
    ASSERT_TRUE(parts) << parts.error().message;
    Commit(SilverLayout(), *parts, std::move(txns), {}, CommitKind::kAppend);
  }
  // Messages as a poll of CoinGecko would have brought them.
  void CommitBronze(const std::vector<std::pair<std::optional<std::string>, std::string>>& messages) {
    auto batch = std::make_shared<RawBatch>();
    batch->source = "coingecko";
    for (const auto& [key, value] : messages) batch->Add({key, value, kStart, 0});
    DatedBatches dated;
    AddByDate(batch, dated);
    auto parts = BronzeColumns(dated);
    ASSERT_TRUE(parts) << parts.error().message;
    Commit(BronzeLayout(), *parts, {}, {}, CommitKind::kAppend);
  }
  // Windows of every source: what is kept in memory, and what answers where nothing is chosen yet.
  void CommitGold(const std::vector<GoldRow>& rows, std::map<std::string, std::int64_t> txns, bool replace_all = false) {
    auto parts = GoldColumns(rows);
    ASSERT_TRUE(parts) << parts.error().message;
    Table* table = Open(SourcesLayout());
    std::vector<DataFile> removes;
    if (replace_all) removes = *table->Files();
    Commit(SourcesLayout(), *parts, std::move(txns), removes, replace_all ? CommitKind::kReplace : CommitKind::kAppend);
  }
  void CommitChosen(const std::vector<GoldRow>& rows, std::map<std::string, std::int64_t> txns) {
    auto parts = GoldColumns(rows);
    ASSERT_TRUE(parts) << parts.error().message;
    Commit(GoldLayout(), *parts, std::move(txns), {}, CommitKind::kAppend);
  }

 private:
  Table* Open(const TableLayout& layout) {
    auto& table = tables_[layout.name];
    if (!table) {
      auto opened = Table::OpenOrCreate({.uri = (root_ / layout.path).string(),
                                         .schema = layout.schema,
                                         .partition_columns = layout.partition_columns,
                                         .fsync = false});
      EXPECT_TRUE(opened) << opened.error().message;
      table = *std::move(opened);
    }
    return table.get();
  }
  void Commit(const TableLayout& layout, const std::vector<PartitionRows>& parts, std::map<std::string, std::int64_t> txns,
              std::vector<DataFile> removes, CommitKind kind) {
    Table* table = Open(layout);
    CommitRequest request{.kind = kind, .removes = std::move(removes), .txns = std::move(txns), .batch_id = RandomHexId()};
    for (const PartitionRows& part : parts) {
      std::vector<PartitionValue> values;
      for (std::size_t i = 0; i < layout.partition_columns.size(); ++i) {
        values.push_back({layout.partition_columns[i], part.partition[i]});
      }
      auto file = WriteDataFile(table->root_path(), values, *part.rows, {.fsync = false});
      ASSERT_TRUE(file) << file.error().message;
      request.adds.push_back(*std::move(file));
    }
    auto outcome = table->Commit(request);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->kind, CommitResultKind::kCommitted) << outcome->message;
  }

  const std::filesystem::path root_;
  std::map<std::string, std::unique_ptr<Table>> tables_;
};

}  // namespace cryptostream::testing_lake
