// All Arrow shapes in one file: the columns of all tables (docs/tables.md). Names and types are state on disk: they are
// the original project's where it has the column, and a change here is an upgrade of every lake there is.
#include "market/schema.h"

#include <arrow/api.h>

namespace cryptostream {
namespace {

using arrow::field;

std::shared_ptr<arrow::DataType> Utc() {
  static const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return type;
}

arrow::FieldVector Doubles(std::initializer_list<const char*> names) {
  arrow::FieldVector fields;
  for (const char* name : names) fields.push_back(field(name, arrow::float64()));
  return fields;
}

arrow::FieldVector Join(std::initializer_list<arrow::FieldVector> parts) {
  arrow::FieldVector all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

const TableLayout& BronzeLayout() {
  static const TableLayout layout{
      "bronze",
      "bronze/crypto_raw",
      arrow::schema({field("key", arrow::utf8()), field("value", arrow::utf8()), field("timestamp", Utc()),
                     field("source", arrow::utf8()), field("topic", arrow::utf8()), field("partition", arrow::int32()),
                     field("offset", arrow::int64()), field("date", arrow::date32())}),
      {"date"},
      {"value"}};
  return layout;
}

const TableLayout& SilverLayout() {
  static const TableLayout layout{
      "silver",
      "silver/crypto_transformed",
      arrow::schema(
          Join({{field("coin_id", arrow::utf8()), field("price", arrow::float64()), field("volume_24h", arrow::float64()),
                 field("api_timestamp", Utc()), field("ingestion_timestamp", Utc())},
                Doubles({"market_cap", "price_change_24h", "price_change_percentage_24h", "high_24h", "low_24h"}),
                {field("last_updated", Utc()), field("source", arrow::utf8()), field("symbol", arrow::utf8()),
                 field("trade_id", arrow::int64()), field("quantity", arrow::float64()), field("hour", arrow::int32()),
                 field("year", arrow::int32()), field("month", arrow::int32()), field("day", arrow::int32())}})),
      {"year", "month", "day"}};
  return layout;
}

const TableLayout& GoldLayout() {
  static const TableLayout layout{
      "gold",
      "gold/crypto_metrics_1m",
      arrow::schema(
          Join({{field("window", arrow::struct_({field("start", Utc()), field("end", Utc())})), field("coin_id", arrow::utf8())},
                Doubles({"avg_price", "max_price", "min_price", "open", "close", "price_change", "price_change_pct", "volatility",
                         "range_pct"}),
                {field("samples", arrow::int64()), field("updates", arrow::int64())},
                Doubles({"volume", "vwap", "volume_24h", "market_cap"}),
                {field("first_event", Utc()), field("last_event", Utc()), field("max_source_age_s", arrow::float64()),
                 field("source", arrow::utf8()), field("date", arrow::date32())}})),
      {"date"}};
  return layout;
}

const TableLayout& GoldHourLayout() {
  static const TableLayout layout{"gold_1h", "gold/crypto_metrics_1h", GoldLayout().schema, {"date"}};
  return layout;
}

const TableLayout& GoldDayLayout() {
  static const TableLayout layout{"gold_1d", "gold/crypto_metrics_1d", GoldLayout().schema, {"date"}};
  return layout;
}

const TableLayout& QuarantineLayout() {
  static const TableLayout layout{
      "quarantine",
      "quarantine/crypto_rejected",
      arrow::schema({field("source", arrow::utf8()), field("topic", arrow::utf8()), field("partition", arrow::int32()),
                     field("offset", arrow::int64()), field("stage", arrow::utf8()), field("reason", arrow::utf8()),
                     field("value", arrow::binary()), field("timestamp", Utc()), field("date", arrow::date32())}),
      {"date"},
      {"value"}};
  return layout;
}

const TableLayout& GapsLayout() {
  static const TableLayout layout{
      "gaps",
      "gaps/crypto_gaps",
      arrow::schema({field("source", arrow::utf8()), field("topic", arrow::utf8()), field("partition", arrow::int32()),
                     field("from_offset", arrow::int64()), field("to_offset", arrow::int64()), field("from_time", Utc()),
                     field("to_time", Utc()), field("reason", arrow::utf8()), field("detected_at", Utc()),
                     field("date", arrow::date32())}),
      {"date"}};
  return layout;
}

std::vector<const TableLayout*> AllLayouts() {
  return {&BronzeLayout(),  &SilverLayout(),     &GoldLayout(), &GoldHourLayout(),
          &GoldDayLayout(), &QuarantineLayout(), &GapsLayout()};
}

std::shared_ptr<arrow::Schema> FileSchema(const TableLayout& layout) {
  arrow::FieldVector fields = layout.schema->fields();
  fields.resize(fields.size() - layout.partition_columns.size());  // they come last
  return arrow::schema(std::move(fields));
}

}  // namespace cryptostream
