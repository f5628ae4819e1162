// Bars as Arrow columns. In: bars. Out: a table out of the same list of figures as their JSON (kBarFields), so neither can have a
// column that the other lacks.
#include "serve/candle_rows.h"

#include <arrow/api.h>

#include <cmath>

#include "base/check.h"

namespace cryptostream {
namespace {

std::shared_ptr<arrow::DataType> TypeOf(double) { return arrow::float64(); }
std::shared_ptr<arrow::DataType> TypeOf(std::int64_t) { return arrow::int64(); }
std::shared_ptr<arrow::DataType> TypeOf(const Name&) { return arrow::utf8(); }

const std::shared_ptr<arrow::DataType>& Utc() {
  static const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return utc;
}

std::shared_ptr<arrow::Array> ArrayOf(arrow::ArrayBuilder& builder) {
  auto array = builder.Finish();
  CS_CHECK(array.ok());
  return *std::move(array);
}

arrow::Status Append(arrow::DoubleBuilder& builder, double value) {
  return std::isfinite(value) ? builder.Append(value) : builder.AppendNull();
}
arrow::Status Append(arrow::Int64Builder& builder, std::int64_t value) { return builder.Append(value); }
arrow::Status Append(arrow::StringBuilder& builder, const Name& value) {
  return value.empty() ? builder.AppendNull() : builder.Append(value.str());
}

std::unique_ptr<arrow::DoubleBuilder> BuilderOf(double) { return std::make_unique<arrow::DoubleBuilder>(); }
std::unique_ptr<arrow::Int64Builder> BuilderOf(std::int64_t) { return std::make_unique<arrow::Int64Builder>(); }
std::unique_ptr<arrow::StringBuilder> BuilderOf(const Name&) { return std::make_unique<arrow::StringBuilder>(); }

std::shared_ptr<arrow::Array> Times(const std::vector<Candle>& candles, Timestamp Candle::* time) {
  arrow::TimestampBuilder builder(Utc(), arrow::default_memory_pool());
  for (const Candle& candle : candles) CS_CHECK(builder.Append(ToMicros(candle.*time)).ok());
  return ArrayOf(builder);
}

std::shared_ptr<arrow::Array> Flags(const std::vector<Candle>& candles, bool BarFigures::* flag) {
  arrow::BooleanBuilder builder;
  for (const Candle& candle : candles) CS_CHECK(builder.Append(candle.*flag).ok());
  return ArrayOf(builder);
}

}  // namespace

const std::shared_ptr<arrow::Schema>& CandleColumns() {
  static const auto schema = [] {
    arrow::FieldVector fields{arrow::field("open_time", Utc()), arrow::field("close_time", Utc())};
    ForEachColumn(kBarFields, [&]<class Field>(const Field& field) {
      fields.push_back(arrow::field(std::string(field.name), TypeOf(Field::Of(BarFigures()))));
    });
    fields.push_back(arrow::field("closed", arrow::boolean()));
    fields.push_back(arrow::field("committed", arrow::boolean()));
    return arrow::schema(std::move(fields));
  }();
  return schema;
}

std::shared_ptr<arrow::Table> CandleRows(const std::vector<Candle>& candles) {
  arrow::ArrayVector arrays{Times(candles, &Candle::open_time), Times(candles, &Candle::close_time)};
  ForEachColumn(kBarFields, [&]<class Field>(const Field&) {
    auto builder = BuilderOf(Field::Of(BarFigures()));
    for (const Candle& candle : candles) CS_CHECK(Append(*builder, Field::Of(candle)).ok());
    arrays.push_back(ArrayOf(*builder));
  });
  arrays.push_back(Flags(candles, &BarFigures::closed));
  arrays.push_back(Flags(candles, &BarFigures::committed));
  return arrow::Table::Make(CandleColumns(), arrays, static_cast<std::int64_t>(candles.size()));
}

}  // namespace cryptostream
