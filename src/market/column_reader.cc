// From Arrow columns back to structs. Files of our own and of others (Spark rewrites, imports) come this way, so columns are
// found by name, cast where the type differs harmlessly (large_string, dictionary), and what is missing is named.
#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "market/column_writer.h"
#include "market/columns.h"
#include "market/schema.h"
#include "market/table_columns.h"

namespace cryptostream {
namespace {

// One column as a single array of type T; absent optional columns read as null.
template <class ArrayType>
class Cells {
 public:
  static Result<Cells> Of(const arrow::Table& table, const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
    auto chunked = table.GetColumnByName(name);
    if (!chunked) return Corrupt("column missing in a data file: column=" + name);
    return Of(chunked, name, type);
  }
  static Result<Cells> Of(std::shared_ptr<arrow::ChunkedArray> chunked, const std::string& name,
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
    return Cells(std::static_pointer_cast<ArrayType>(*joined));
  }

  bool null(std::int64_t i) const { return array_->IsNull(i); }
  auto value(std::int64_t i) const { return array_->GetView(i); }

 private:
  explicit Cells(std::shared_ptr<ArrayType> array) : array_(std::move(array)) {}
  std::shared_ptr<ArrayType> array_;
};

using Strings = Cells<arrow::StringArray>;
using Doubles = Cells<arrow::DoubleArray>;
using Longs = Cells<arrow::Int64Array>;
using Times = Cells<arrow::TimestampArray>;

auto Utc() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }

Timestamp TimeAt(const Times& column, std::int64_t i) { return column.null(i) ? kNoTime : FromMicros(column.value(i)); }
std::string_view TextAt(const Strings& column, std::int64_t i) { return column.null(i) ? std::string_view() : column.value(i); }

// Names repeat from row to row: keep the last one instead of asking the table of names each time.
class NameAt {
 public:
  Name operator()(const Strings& column, std::int64_t i) {
    if (column.null(i)) return Name();
    std::string_view text = column.value(i);
    if (text != last_.str()) last_ = Name(text);
    return last_;
  }

 private:
  Name last_;
};

// The starts of a column of windows.
Result<Times> WindowStarts(const arrow::Table& table, const std::string& name) {
  auto window = table.GetColumnByName(name);
  if (!window || window->type()->id() != arrow::Type::STRUCT) return Corrupt("column missing in a data file: column=" + name);
  auto fields = window->Flatten(arrow::default_memory_pool());
  if (!fields.ok()) return std::unexpected(FromArrow(fields.status()));
  return Times::Of(fields->at(0), name + ".start", Utc());
}

// Reads one column into its place in each row. Null is what stands for it there; an integer stays as the new row has it.
template <class Each, class Row>
Status ReadColumn(const arrow::Table& table, const Each& column, std::vector<Row>& rows) {
  using Of = std::remove_cvref_t<decltype(Each::Of(rows[0]))>;
  std::string name(column.info.name);
  auto type = ArrowType(column.info.type);
  auto at = [&](std::int64_t i) -> Of& { return Each::Of(rows[static_cast<std::size_t>(i)]); };
  if constexpr (std::is_same_v<Of, Name>) {
    CS_ASSIGN(auto cells, Strings::Of(table, name, type));
    NameAt name_at;
    for (std::int64_t i = 0; i < table.num_rows(); ++i) at(i) = name_at(cells, i);
  } else if constexpr (std::is_same_v<Of, Timestamp>) {
    auto cells = column.info.type == ColumnType::kWindow ? WindowStarts(table, name) : Times::Of(table, name, type);
    if (!cells) return std::unexpected(std::move(cells).error());
    for (std::int64_t i = 0; i < table.num_rows(); ++i) at(i) = TimeAt(*cells, i);
  } else if constexpr (std::is_same_v<Of, double>) {
    CS_ASSIGN(auto cells, Doubles::Of(table, name, type));
    for (std::int64_t i = 0; i < table.num_rows(); ++i) at(i) = cells.null(i) ? kNull : cells.value(i);
  } else {
    using Array = std::conditional_t<std::is_same_v<Of, std::int32_t>, arrow::Int32Array, arrow::Int64Array>;
    static_assert(std::is_same_v<Of, typename Array::value_type>);
    CS_ASSIGN(auto cells, Cells<Array>::Of(table, name, type));
    for (std::int64_t i = 0; i < table.num_rows(); ++i) {
      if (!cells.null(i)) at(i) = cells.value(i);
    }
  }
  return {};
}

// Rows with the columns of a table that the program's row has, or of its key alone.
template <class Row, class Columns>
Result<std::vector<Row>> ReadRows(const arrow::Table& table, const Columns& columns, bool key_only = false) {
  std::vector<Row> rows(static_cast<std::size_t>(table.num_rows()));
  Status read;
  ForEachColumn(columns, [&]<class Each>(const Each& column) {
    if constexpr (Each::kStored) {
      if (read && (!key_only || column.info.role == ColumnRole::kKey)) read = ReadColumn(table, column, rows);
    }
  });
  if (!read) return std::unexpected(std::move(read).error());
  return rows;
}

}  // namespace

Result<std::vector<RawBatchPtr>> BronzeBatches(const arrow::Table& table) {
  CS_ASSIGN(auto key, Strings::Of(table, "key", arrow::utf8()));
  CS_ASSIGN(auto value, Strings::Of(table, "value", arrow::utf8()));
  CS_ASSIGN(auto received, Times::Of(table, "timestamp", Utc()));
  CS_ASSIGN(auto source, Strings::Of(table, "source", arrow::utf8()));
  CS_ASSIGN(auto topic, Strings::Of(table, "topic", arrow::utf8()));
  CS_ASSIGN(auto partition, Cells<arrow::Int32Array>::Of(table, "partition", arrow::int32()));
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

Result<std::vector<Tick>> TradeKeys(const arrow::Table& table) { return ReadRows<Tick>(table, kSilverColumns, true); }

Result<std::vector<Tick>> Ticks(const arrow::Table& table, const SourceQuotes& quotes) {
  CS_ASSIGN(std::vector<Tick> ticks, ReadRows<Tick>(table, kSilverColumns));
  for (Tick& tick : ticks) {
    if (tick.quote.empty()) tick.quote = quotes.OfOldRow(tick.source);
  }
  return ticks;
}

namespace {

Result<std::vector<GoldRow>> ReadGold(const arrow::Table& table, const SourceQuotes& quotes, bool key_only) {
  CS_ASSIGN(std::vector<GoldRow> rows, ReadRows<GoldRow>(table, kGoldColumns, key_only));
  for (GoldRow& row : rows) {
    if (row.key.quote.empty()) row.key.quote = quotes.OfOldRow(row.key.source);
  }
  return rows;
}

}  // namespace

Result<std::vector<GoldRow>> GoldRows(const arrow::Table& table, const SourceQuotes& quotes) {
  return ReadGold(table, quotes, false);
}

Result<std::vector<WindowKey>> GoldKeys(const arrow::Table& table, const SourceQuotes& quotes) {
  CS_ASSIGN(std::vector<GoldRow> rows, ReadGold(table, quotes, true));
  std::vector<WindowKey> keys;
  keys.reserve(rows.size());
  for (const GoldRow& row : rows) keys.push_back(row.key);
  return keys;
}

std::shared_ptr<arrow::Schema> KeySchema(const TableLayout& layout) {
  arrow::FieldVector fields;
  for (const ColumnInfo& column : layout.columns) {
    if (column.role == ColumnRole::kKey) fields.push_back(layout.schema->GetFieldByName(std::string(column.name)));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace cryptostream
