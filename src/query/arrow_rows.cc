// From DuckDB's typed rows to Arrow columns. In: a SELECT. Out: one table in memory, bounded by rows and bytes. What the answers'
// formats are written from (serve/row_format.h). Rejected: DuckDB's own Arrow export, whose C interface is declared to go.
#include "query/arrow_rows.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>

#include <charconv>

#include "query/print.h"

namespace cryptostream {
namespace {

std::shared_ptr<arrow::DataType> TypeOf(const SqlColumn& column);

std::shared_ptr<arrow::DataType> StructOf(const std::vector<SqlColumn>& parts) {
  std::vector<std::string> names = DistinctNames(parts);
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < parts.size(); ++i) fields.push_back(arrow::field(names[i], TypeOf(parts[i])));
  return arrow::struct_(std::move(fields));
}

// "DECIMAL(18,3)" as Arrow has it.
std::shared_ptr<arrow::DataType> DecimalOf(std::string_view type) {
  int precision = 38, scale = 0;
  const char* end = type.data() + type.size();
  auto [comma, bad] = std::from_chars(type.data() + type.find('(') + 1, end, precision);
  if (bad == std::errc() && comma != end) std::from_chars(comma + 1, end, scale);
  return arrow::decimal128(precision, scale);
}

std::shared_ptr<arrow::DataType> TypeOf(const SqlColumn& column) {
  if (column.shape == SqlShape::kStruct) return StructOf(column.parts);
  if (column.shape == SqlShape::kList) return arrow::list(TypeOf(column.parts[0]));
  if (column.shape == SqlShape::kMap) {
    return arrow::list(
        arrow::struct_({arrow::field("key", TypeOf(column.parts[0])), arrow::field("value", TypeOf(column.parts[1]))}));
  }
  const std::string& type = column.type;
  if (type == "BOOLEAN") return arrow::boolean();
  if (type == "FLOAT" || type == "DOUBLE") return arrow::float64();
  if (type == "DATE") return arrow::date32();
  if (type == "BLOB") return arrow::binary();
  if (type.starts_with("TIMESTAMP")) return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  if (type == "UBIGINT" || type == "HUGEINT" || type == "UHUGEINT") return arrow::decimal128(38, 0);
  if (type.starts_with("DECIMAL")) return DecimalOf(type);
  if (type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER") return arrow::int64();
  return arrow::utf8();
}

arrow::Status NoForm(const SqlValue& value) { return arrow::Status::Invalid(SqlValueText(value)); }

template <class Builder>
Builder& As(arrow::ArrayBuilder& builder) {
  return static_cast<Builder&>(builder);
}

arrow::Status AppendDecimal(arrow::ArrayBuilder& builder, const SqlValue& value) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*builder.type());
  arrow::Decimal128 number;
  std::int32_t precision = 0, scale = 0;
  ARROW_RETURN_NOT_OK(arrow::Decimal128::FromString(SqlValueText(value), &number, &precision, &scale));
  ARROW_ASSIGN_OR_RAISE(number, number.Rescale(scale, type.scale()));
  if (!number.FitsInPrecision(type.precision())) return NoForm(value);
  return As<arrow::Decimal128Builder>(builder).Append(number);
}

arrow::Status Append(arrow::ArrayBuilder& builder, const SqlValue& value) {
  if (IsSqlNull(value)) return builder.AppendNull();
  switch (builder.type()->id()) {
    case arrow::Type::STRUCT: {
      auto& fields = As<arrow::StructBuilder>(builder);
      ARROW_RETURN_NOT_OK(fields.Append());
      const auto& items = std::get<SqlNested>(value).items;
      for (std::size_t i = 0; i < items.size(); ++i) {
        ARROW_RETURN_NOT_OK(Append(*fields.field_builder(static_cast<int>(i)), items[i].value));
      }
      return arrow::Status::OK();
    }
    case arrow::Type::LIST: {
      auto& list = As<arrow::ListBuilder>(builder);
      ARROW_RETURN_NOT_OK(list.Append());
      for (const SqlItem& item : std::get<SqlNested>(value).items) ARROW_RETURN_NOT_OK(Append(*list.value_builder(), item.value));
      return arrow::Status::OK();
    }
    case arrow::Type::BOOL:
      if (const auto* is = std::get_if<bool>(&value)) return As<arrow::BooleanBuilder>(builder).Append(*is);
      break;
    case arrow::Type::INT64:
      if (const auto* whole = std::get_if<std::int64_t>(&value)) return As<arrow::Int64Builder>(builder).Append(*whole);
      break;
    case arrow::Type::DOUBLE:
      if (const auto* number = std::get_if<double>(&value)) return As<arrow::DoubleBuilder>(builder).Append(*number);
      break;
    case arrow::Type::DATE32:
      if (const auto* date = std::get_if<Date>(&value)) {
        return As<arrow::Date32Builder>(builder).Append(static_cast<std::int32_t>(date->time_since_epoch().count()));
      }
      break;
    case arrow::Type::TIMESTAMP:
      if (const auto* time = std::get_if<Timestamp>(&value)) return As<arrow::TimestampBuilder>(builder).Append(ToMicros(*time));
      break;
    case arrow::Type::BINARY:
      if (const auto* blob = std::get_if<Blob>(&value)) return As<arrow::BinaryBuilder>(builder).Append(blob->bytes);
      break;
    case arrow::Type::DECIMAL128: return AppendDecimal(builder, value);
    default: return As<arrow::StringBuilder>(builder).Append(SqlValueText(value));
  }
  return NoForm(value);
}

std::size_t BytesOf(const SqlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size() + sizeof(value);
  if (const auto* blob = std::get_if<Blob>(&value)) return blob->bytes.size() + sizeof(value);
  std::size_t bytes = sizeof(value);
  if (const auto* nested = std::get_if<SqlNested>(&value)) {
    for (const SqlItem& item : nested->items) bytes += BytesOf(item.value);
  }
  return bytes;
}

// The columns while rows come in.
class Columns {
 public:
  arrow::Status Begin(const std::vector<SqlColumn>& columns) {
    schema_ = arrow::schema(StructOf(columns)->fields());
    for (const auto& field : schema_->fields()) {
      ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(field->type()));
      builders_.push_back(std::move(builder));
    }
    return arrow::Status::OK();
  }
  arrow::Status Add(const SqlRow& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (arrow::Status added = Append(*builders_[i], row[i]); !added.ok()) {
        return arrow::Status::Invalid("a value has no form in the answer: column=", schema_->field(static_cast<int>(i))->name(),
                                      " value=", added.message(), " (cast the column to VARCHAR)");
      }
      bytes_ += BytesOf(row[i]);
    }
    ++rows_;
    return arrow::Status::OK();
  }
  arrow::Result<std::shared_ptr<arrow::Table>> Finish() {
    arrow::ArrayVector arrays;
    for (auto& builder : builders_) {
      ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
      arrays.push_back(std::move(array));
    }
    return arrow::Table::Make(schema_, arrays, rows_);
  }
  std::size_t bytes() const { return bytes_; }
  std::int64_t rows() const { return rows_; }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::size_t bytes_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace

Result<ArrowResult> QueryArrow(const Duck& duck, std::string_view sql, const std::vector<SqlValue>& parameters,
                               const ArrowLimits& limits) {
  Columns columns;
  ArrowResult out;
  arrow::Status built;
  auto take = [&](const std::vector<SqlColumn>&, SqlRow&& row) {
    std::size_t bytes = columns.bytes();
    for (const SqlValue& value : row) bytes += BytesOf(value);
    out.truncated = static_cast<std::size_t>(columns.rows()) >= limits.query.max_rows || bytes > limits.max_bytes;
    if (out.truncated || !built.ok()) return false;
    built = columns.Add(row);
    return built.ok();
  };
  QueryLimits all = limits.query;
  all.max_rows = kNoRowLimit;  // counted here: one row more says that there are more
  CS_TRY(
      duck.ForEachRow(sql, parameters, all, {take, [&](const std::vector<SqlColumn>& given) { built = columns.Begin(given); }}));
  if (!built.ok()) return Invalid(built.message());
  auto rows = columns.Finish();
  if (!rows.ok()) return Internal("cannot build an answer: reason=" + rows.status().ToString());
  out.rows = *std::move(rows);
  return out;
}

}  // namespace cryptostream
