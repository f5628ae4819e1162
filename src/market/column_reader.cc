// From Arrow columns back to structs. Files of our own and of others (Spark rewrites, imports) come this way, so columns are
// found by name, cast where the type differs harmlessly (large_string, dictionary), and what is missing is named.
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "market/column_writer.h"
#include "market/columns.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// One column as a single array of type T; absent optional columns read as null.
template <class ArrayType>
class Column {
 public:
  static Result<Column> Of(const arrow::Table& table, const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
    auto chunked = table.GetColumnByName(name);
    if (!chunked) return Corrupt("column missing in a data file: column=" + name);
    return Of(chunked, name, type);
  }
  static Result<Column> Of(std::shared_ptr<arrow::ChunkedArray> chunked, const std::string& name,
                           const std::shared_ptr<arrow::DataType>& type) {
    if (!chunked->type()->Equals(type)) {
      auto cast = arrow::compute::Cast(chunked, type);
      if (!cast.ok()) {
        return Corrupt("column of another type in a data file: column=" + name + " type=" + chunked->type()->ToString());
      }
      chunked = cast->chunked_array();
    }
    auto joined = arrow::Concatenate(chunked->chunks());
    if (chunked->num_chunks() == 0) joined = arrow::MakeEmptyArray(type);
    if (!joined.ok()) return std::unexpected(FromArrow(joined.status()));
    return Column(std::static_pointer_cast<ArrayType>(*joined));
  }

  bool null(std::int64_t i) const { return array_->IsNull(i); }
  auto value(std::int64_t i) const { return array_->GetView(i); }

 private:
  explicit Column(std::shared_ptr<ArrayType> array) : array_(std::move(array)) {}
  std::shared_ptr<ArrayType> array_;
};

using Strings = Column<arrow::StringArray>;
using Doubles = Column<arrow::DoubleArray>;
using Longs = Column<arrow::Int64Array>;
using Times = Column<arrow::TimestampArray>;

auto Utc() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }

Timestamp TimeAt(const Times& column, std::int64_t i) { return column.null(i) ? kNoTime : FromMicros(column.value(i)); }
std::string_view TextAt(const Strings& column, std::int64_t i) { return column.null(i) ? std::string_view() : column.value(i); }
double DoubleAt(const Doubles& column, std::int64_t i) { return column.null(i) ? kNull : column.value(i); }

// Names repeat from row to row: keep the last one instead of asking the table of names each time.
class NameAt {
 public:
  explicit NameAt(Strings column) : column_(std::move(column)) {}
  Name operator()(std::int64_t i) {
    if (column_.null(i)) return Name();
    std::string_view text = column_.value(i);
    if (text != last_.str()) last_ = Name(text);
    return last_;
  }

 private:
  Strings column_;
  Name last_;
};

}  // namespace

Result<std::vector<RawBatchPtr>> BronzeBatches(const arrow::Table& table) {
  CS_ASSIGN(auto key, Strings::Of(table, "key", arrow::utf8()));
  CS_ASSIGN(auto value, Strings::Of(table, "value", arrow::utf8()));
  CS_ASSIGN(auto received, Times::Of(table, "timestamp", Utc()));
  CS_ASSIGN(auto source, Strings::Of(table, "source", arrow::utf8()));
  CS_ASSIGN(auto topic, Strings::Of(table, "topic", arrow::utf8()));
  CS_ASSIGN(auto partition, Column<arrow::Int32Array>::Of(table, "partition", arrow::int32()));
  CS_ASSIGN(auto offset, Longs::Of(table, "offset", arrow::int64()));
  std::vector<std::shared_ptr<RawBatch>> batches;
  for (std::int64_t i = 0; i < table.num_rows(); ++i) {
    std::int32_t of_partition = partition.null(i) ? 0 : partition.value(i);
    if (batches.empty() || TextAt(source, i) != batches.back()->source || TextAt(topic, i) != batches.back()->topic ||
        of_partition != batches.back()->partition) {
      batches.push_back(std::make_shared<RawBatch>());
      batches.back()->source = TextAt(source, i);
      batches.back()->topic = TextAt(topic, i);
      batches.back()->partition = of_partition;
    }
    std::optional<std::string_view> of_key;
    if (!key.null(i)) of_key = TextAt(key, i);
    batches.back()->Add({of_key, TextAt(value, i), TimeAt(received, i), offset.null(i) ? 0 : offset.value(i)});
  }
  return std::vector<RawBatchPtr>(batches.begin(), batches.end());
}

Result<std::vector<Tick>> TradeKeys(const arrow::Table& table) {
  CS_ASSIGN(auto source_column, Strings::Of(table, "source", arrow::utf8()));
  CS_ASSIGN(auto symbol_column, Strings::Of(table, "symbol", arrow::utf8()));
  CS_ASSIGN(auto trade_id, Longs::Of(table, "trade_id", arrow::int64()));
  NameAt source(source_column), symbol(symbol_column);
  std::vector<Tick> ticks(static_cast<std::size_t>(table.num_rows()));
  for (std::int64_t i = 0; i < table.num_rows(); ++i) {
    Tick& tick = ticks[static_cast<std::size_t>(i)];
    tick.source = source(i);
    tick.symbol = symbol(i);
    tick.trade_id = trade_id.null(i) ? kNoTradeId : trade_id.value(i);
  }
  return ticks;
}

Result<std::vector<Tick>> Ticks(const arrow::Table& table) {
  CS_ASSIGN(std::vector<Tick> ticks, TradeKeys(table));
  CS_ASSIGN(auto coin_column, Strings::Of(table, "coin_id", arrow::utf8()));
  CS_ASSIGN(auto event_time, Times::Of(table, "api_timestamp", Utc()));
  CS_ASSIGN(auto ingested, Times::Of(table, "ingestion_timestamp", Utc()));
  CS_ASSIGN(auto last_updated, Times::Of(table, "last_updated", Utc()));
  NameAt coin(coin_column);
  for (std::int64_t i = 0; i < table.num_rows(); ++i) {
    Tick& tick = ticks[static_cast<std::size_t>(i)];
    tick.coin = coin(i);
    tick.event_time = TimeAt(event_time, i);
    tick.ingested = TimeAt(ingested, i);
    tick.last_updated = TimeAt(last_updated, i);
  }
  const std::pair<const char*, double Tick::*> doubles[] = {{"price", &Tick::price},
                                                            {"quantity", &Tick::quantity},
                                                            {"volume_24h", &Tick::volume_24h},
                                                            {"market_cap", &Tick::market_cap},
                                                            {"price_change_24h", &Tick::price_change_24h},
                                                            {"price_change_percentage_24h", &Tick::price_change_percentage_24h},
                                                            {"high_24h", &Tick::high_24h},
                                                            {"low_24h", &Tick::low_24h}};
  for (const auto& [name, member] : doubles) {
    CS_ASSIGN(auto column, Doubles::Of(table, name, arrow::float64()));
    for (std::size_t i = 0; i < ticks.size(); ++i) ticks[i].*member = DoubleAt(column, static_cast<std::int64_t>(i));
  }
  return ticks;
}

const std::shared_ptr<arrow::Schema>& GoldKeySchema() {
  static const std::shared_ptr<arrow::Schema> schema = [] {
    const arrow::Schema& all = *GoldLayout().schema;
    return arrow::schema({all.GetFieldByName("window"), all.GetFieldByName("coin_id"), all.GetFieldByName("source")});
  }();
  return schema;
}

Result<std::vector<WindowKey>> GoldKeys(const arrow::Table& table) {
  auto window = table.GetColumnByName("window");
  if (!window || window->type()->id() != arrow::Type::STRUCT) return Corrupt("column missing in a data file: column=window");
  auto starts = window->Flatten(arrow::default_memory_pool());
  if (!starts.ok()) return std::unexpected(FromArrow(starts.status()));
  CS_ASSIGN(auto start, Times::Of(starts->at(0), "window.start", Utc()));
  CS_ASSIGN(auto coin_column, Strings::Of(table, "coin_id", arrow::utf8()));
  CS_ASSIGN(auto source_column, Strings::Of(table, "source", arrow::utf8()));
  NameAt coin(coin_column), source(source_column);
  std::vector<WindowKey> keys;
  keys.reserve(static_cast<std::size_t>(table.num_rows()));
  for (std::int64_t i = 0; i < table.num_rows(); ++i) keys.push_back({TimeAt(start, i), coin(i), source(i)});
  return keys;
}

Result<std::vector<GoldRow>> GoldRows(const arrow::Table& table) {
  CS_ASSIGN(std::vector<WindowKey> keys, GoldKeys(table));
  CS_ASSIGN(auto samples, Longs::Of(table, "samples", arrow::int64()));
  CS_ASSIGN(auto updates, Longs::Of(table, "updates", arrow::int64()));
  CS_ASSIGN(auto first_event, Times::Of(table, "first_event", Utc()));
  CS_ASSIGN(auto last_event, Times::Of(table, "last_event", Utc()));
  std::vector<GoldRow> rows(static_cast<std::size_t>(table.num_rows()));
  for (std::int64_t i = 0; i < table.num_rows(); ++i) {
    GoldRow& row = rows[static_cast<std::size_t>(i)];
    row.key = keys[static_cast<std::size_t>(i)];
    row.samples = samples.null(i) ? 0 : samples.value(i);
    row.updates = updates.null(i) ? 0 : updates.value(i);
    row.first_event = TimeAt(first_event, i);
    row.last_event = TimeAt(last_event, i);
  }
  const std::pair<const char*, double GoldRow::*> doubles[] = {{"avg_price", &GoldRow::avg_price},
                                                               {"max_price", &GoldRow::max_price},
                                                               {"min_price", &GoldRow::min_price},
                                                               {"open", &GoldRow::open},
                                                               {"close", &GoldRow::close},
                                                               {"price_change", &GoldRow::price_change},
                                                               {"price_change_pct", &GoldRow::price_change_pct},
                                                               {"volatility", &GoldRow::volatility},
                                                               {"range_pct", &GoldRow::range_pct},
                                                               {"volume", &GoldRow::volume},
                                                               {"vwap", &GoldRow::vwap},
                                                               {"volume_24h", &GoldRow::volume_24h},
                                                               {"market_cap", &GoldRow::market_cap},
                                                               {"max_source_age_s", &GoldRow::max_source_age_s}};
  for (const auto& [name, member] : doubles) {
    CS_ASSIGN(auto column, Doubles::Of(table, name, arrow::float64()));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].*member = DoubleAt(column, static_cast<std::int64_t>(i));
  }
  return rows;
}

}  // namespace cryptostream
