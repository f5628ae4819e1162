// The tables that other programs must be able to read, made by the code that makes the real ones:
//   tables_tool make DIR     one table of each kind below DIR, with all that a log can hold: several commits with positions,
//                            a checkpoint with the commits before it cleaned up, a compaction, a replacement, odd partitions
//   tables_tool dump TABLE   what our own reader finds in a table, one JSON object: used on tables that others changed
// test/formats/*_test.py run it and judge with readers that share none of our code.
#include <arrow/api.h>
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "delta/data_file.h"
#include "delta/table.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

const Timestamp kStart = *ParseRfc3339("2024-08-08T23:58:00.000001Z");

Timestamp At(int second) { return kStart + std::chrono::seconds(second); }

std::vector<PartitionValue> Values(const TableLayout& layout, const std::vector<std::string>& values) {
  std::vector<PartitionValue> out;
  for (std::size_t i = 0; i < values.size(); ++i) out.push_back({layout.partition_columns[i], values[i]});
  return out;
}

// A table under construction.
class Maker {
 public:
  static Result<Maker> Create(const std::string& dir, const TableLayout& layout) {
    Maker maker(layout);
    TableSpec spec{dir + "/" + layout.path, layout.schema, layout.partition_columns, {}, /*fsync=*/false};
    CS_ASSIGN(maker.table_, Table::OpenOrCreate(spec));
    return maker;
  }

  Table& table() { return *table_; }

  Result<std::vector<DataFile>> Write(const std::vector<PartitionRows>& parts) {
    std::vector<DataFile> files;
    for (const PartitionRows& part : parts) {
      CS_ASSIGN(DataFile file,
                WriteDataFile(table_->root_path(), Values(*layout_, part.partition), *part.rows, {.fsync = false}));
      files.push_back(std::move(file));
    }
    return files;
  }

  Status Commit(CommitRequest request) {
    request.batch_id = RandomHexId();
    CS_ASSIGN(CommitOutcome outcome, table_->Commit(request));
    if (outcome.kind != CommitResultKind::kCommitted) return Internal("not committed: " + outcome.message);
    return {};
  }

  Status Append(const std::vector<PartitionRows>& parts, std::map<std::string, std::int64_t> txns) {
    CommitRequest request;
    CS_ASSIGN(request.adds, Write(parts));
    request.txns = std::move(txns);
    request.operation = layout_->name + " append";
    return Commit(std::move(request));
  }

 private:
  explicit Maker(const TableLayout& layout) : layout_(&layout) {}
  const TableLayout* layout_;
  std::unique_ptr<Table> table_;
};

// 12 commits of 20 messages over a midnight; a checkpoint after the 8th and the log before it gone; two files made one.
Status MakeBronze(const std::string& dir) {
  CS_ASSIGN(Maker bronze, Maker::Create(dir, BronzeLayout()));
  for (int commit = 0; commit < 12; ++commit) {
    RawBatch batch;
    batch.source = "coingecko";
    for (int i = 20 * commit; i < 20 * (commit + 1); ++i) {
      std::string value = fmt::format(R"({{"timestamp":{},"coin_id":"bitcoin","price":{}.5,"note":"\u00e9 東京"}})", i, i);
      batch.Add({"bitcoin", value, At(i), i});
    }
    DatedBatches dated;
    AddByDate(std::make_shared<const RawBatch>(std::move(batch)), dated);
    CS_ASSIGN(auto parts, BronzeColumns(dated));
    CS_TRY(bronze.Append(parts, {{"cryptostream/bronze/direct/coingecko", 20 * (commit + 1)}, {"cryptostream/epoch", 1}}));
    if (commit == 7) CS_TRY(bronze.table().Checkpoint());
  }
  for (int version = 0; version < 8; ++version) {
    fs::remove(fmt::format("{}/_delta_log/{:020}.json", bronze.table().root_path(), version));
  }
  CommitRequest compact{.kind = CommitKind::kOptimize};
  CS_ASSIGN(auto files, bronze.table().Files());
  std::vector<std::shared_ptr<arrow::Table>> rows;
  arrow::FieldVector fields = BronzeLayout().schema->fields();
  fields.pop_back();
  for (const DataFile& file : files) {
    if (compact.removes.size() == 2 || file.partition[0].value != "2024-08-09") continue;
    compact.removes.push_back(file);
    CS_ASSIGN(auto table, ReadDataFile(bronze.table().root_path(), file, arrow::schema(fields)));
    rows.push_back(table);
  }
  CS_ASSIGN(compact.adds, bronze.Write({{{"2024-08-09"}, *arrow::ConcatenateTables(rows)}}));
  return bronze.Commit(std::move(compact));
}

Status MakeSilver(const std::string& dir) {
  CS_ASSIGN(Maker silver, Maker::Create(dir, SilverLayout()));
  for (int commit = 0; commit < 2; ++commit) {
    std::vector<Tick> ticks;
    for (int i = 120 * commit; i < 120 * (commit + 1); ++i) {
      Tick tick{.coin = Name(i % 2 ? "bitcoin" : "ethereum"),
                .source = Name("binance_spot"),
                .symbol = Name("BTCUSDT"),
                .event_time = At(i),
                .ingested = At(i) + std::chrono::milliseconds(7)};
      tick.trade_id = 1'000'000'000'000 + i;
      tick.price = 60000.125 + i;
      tick.quantity = 0.001 * i;
      ticks.push_back(tick);
    }
    CS_ASSIGN(auto parts, SilverColumns(ticks));
    CS_TRY(silver.Append(parts, {{"cryptostream/silver/the-bronze-id", commit + 1},
                                 {"cryptostream/watermark/binance_spot/0", ToMicros(At(120 * commit))}}));
  }
  return {};
}

std::vector<GoldRow> GoldMinutes(int first, int count, double price) {
  std::vector<GoldRow> rows;
  for (int i = first; i < first + count; ++i) {
    WindowAccumulator window;
    Tick tick{.coin = Name("bitcoin"), .source = Name("coingecko"), .event_time = At(60 * i), .ingested = At(60 * i)};
    tick.price = price + i;
    window.Add(tick);
    rows.push_back(window.Finish({WindowStart(At(60 * i)), Name("bitcoin"), Name("coingecko")}));
  }
  return rows;
}

// Four minutes over a midnight, the two of the second day then replaced by corrected ones.
Status MakeGold(const std::string& dir) {
  CS_ASSIGN(Maker gold, Maker::Create(dir, GoldLayout()));
  CS_ASSIGN(auto first, GoldColumns(GoldMinutes(0, 4, 100)));
  CS_TRY(gold.Append(first, {{"cryptostream/gold/the-silver-id", 2}, {"cryptostream/closed/coingecko", ToMicros(At(240))}}));
  CommitRequest replace{.kind = CommitKind::kReplace};
  CS_ASSIGN(auto files, gold.table().Files());
  for (const DataFile& file : files) {
    if (file.partition[0].value == "2024-08-09") replace.removes.push_back(file);
  }
  CS_ASSIGN(auto corrected, GoldColumns(GoldMinutes(2, 2, 200)));
  CS_ASSIGN(replace.adds, gold.Write(corrected));
  replace.txns = {{"cryptostream/corrected/the-silver-id", 2}};
  return gold.Commit(std::move(replace));
}

Status MakeQuarantine(const std::string& dir) {
  CS_ASSIGN(Maker quarantine, Maker::Create(dir, QuarantineLayout()));
  Reject reject{.source = "coingecko",
                .topic = "crypto-raw",
                .partition = 3,
                .offset = 42,
                .stage = "silver",
                .reason = "bad utf-8",
                .value = std::string("\xff\xfe\0{", 4),
                .received = At(1),
                .position = 43};
  CS_ASSIGN(auto parts, QuarantineColumns({reject}, At(2)));
  return quarantine.Append(parts, {{"cryptostream/quarantine/silver/the-bronze-id", 43}});
}

Status MakeGaps(const std::string& dir) {
  CS_ASSIGN(Maker gaps, Maker::Create(dir, GapsLayout()));
  Gap gap{.source = "coingecko",
          .topic = "",
          .from_offset = {},
          .to_offset = {},
          .from_time = At(0),
          .to_time = At(60),
          .reason = "source down",
          .detected_at = At(61)};
  CS_ASSIGN(auto parts, GapColumns({gap}));
  return gaps.Append(parts, {});
}

Status MakeOddPartitions(const std::string& dir) {
  TableLayout layout;
  layout.name = layout.path = "odd";
  layout.schema = arrow::schema({arrow::field("n", arrow::int64()), arrow::field("source", arrow::utf8())});
  layout.partition_columns = {"source"};
  CS_ASSIGN(Maker odd, Maker::Create(dir, layout));
  arrow::Int64Builder n;
  if (!n.Append(1).ok()) return Internal("no memory");
  auto rows = arrow::Table::Make(arrow::schema({layout.schema->field(0)}), {*n.Finish()});
  CommitRequest request;
  for (std::optional<std::string> value : {std::optional<std::string>("plain"),
                                           {"a/b"},
                                           {"50% off"},
                                           {"a=b&c"},
                                           {"q?#[x]"},
                                           {"Zürich 東京"},
                                           {"tab\there"},
                                           {"{x}|y"},
                                           {std::nullopt}}) {
    CS_ASSIGN(DataFile file, WriteDataFile(odd.table().root_path(), {{"source", value}}, *rows, {.fsync = false}));
    request.adds.push_back(std::move(file));
  }
  return odd.Commit(std::move(request));
}

Status Make(const std::string& dir) {
  for (auto make : {MakeBronze, MakeSilver, MakeGold, MakeQuarantine, MakeGaps, MakeOddPartitions}) CS_TRY(make(dir));
  return {};
}

Status Dump(const std::string& uri) {
  CS_ASSIGN(auto table, Table::Open(uri));
  CS_ASSIGN(auto files, table->Files());
  std::int64_t rows = 0, last_column_nulls = 0, with_statistics = 0;
  for (const DataFile& file : files) {
    CS_ASSIGN(auto data, ReadDataFile(table->root_path(), file, table->schema()));
    rows += data->num_rows();
    with_statistics += file.rows >= 0;
    for (const auto& column : data->columns()) last_column_nulls += column->null_count() == data->num_rows();
  }
  CS_ASSIGN(auto commits, table->CommitsAfter(table->version() - 1));
  fmt::print(
      R"({{"version":{},"columns":{},"files":{},"rows":{},"empty_columns":{},"with_statistics":{},"last_adds":{},"last_removes":{},"last_operation":"{}"}})"
      "\n",
      table->version(), table->schema()->num_fields(), files.size(), rows, last_column_nulls, with_statistics,
      commits.back().adds.size(), commits.back().removes.size(), commits.back().operation);
  return {};
}

}  // namespace
}  // namespace cryptostream

int main(int argc, char** argv) {
  using namespace cryptostream;
  std::string command = argc == 3 ? argv[1] : "";
  if (command != "make" && command != "dump") {
    fmt::print(stderr, "usage: tables_tool make DIR | dump TABLE\n");
    return 2;
  }
  Status done = command == "make" ? Make(argv[2]) : Dump(argv[2]);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 1;
}
