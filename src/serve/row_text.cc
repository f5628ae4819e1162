// Rows as text. In: Arrow columns of any type that a table or a query of ours has. Out: JSON and CSV. Numbers in their shortest form that
// reads back the same, what is not finite is null; bytes that are no text as \x.. in hex.
#include "serve/row_text.h"

#include <arrow/api.h>

#include <span>

#include "base/text.h"
#include "base/time.h"
#include "serve/row_format.h"

namespace cryptostream {
namespace {

enum class TimeForm { kRfc3339, kMilliseconds };

template <class Array>
const Array& As(const arrow::Array& array) {
  return static_cast<const Array&>(array);
}

std::string BytesText(std::string_view bytes) {
  if (IsUtf8(bytes)) return std::string(bytes);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\\x";
  for (unsigned char c : bytes) out.append({kDigits[c >> 4], kDigits[c & 15]});
  return out;
}

Date DateAt(const arrow::Array& array, std::int64_t row) {
  return Date(std::chrono::days(As<arrow::Date32Array>(array).Value(row)));
}

void WriteTime(JsonWriter& json, std::int64_t micros, TimeForm form) {
  if (form == TimeForm::kRfc3339) {
    json.Text(FormatRfc3339(FromMicros(micros)));
  } else if (micros % 1000 == 0) {
    json.Integer(micros / 1000);
  } else {
    json.Number(static_cast<double>(micros) / 1000);
  }
}

void WriteValue(JsonWriter& json, const arrow::Array& array, std::int64_t row, TimeForm form);

void WriteStruct(JsonWriter& json, const arrow::Array& array, std::int64_t row, TimeForm form) {
  const auto& parts = As<arrow::StructArray>(array);
  json.BeginObject();
  for (int i = 0; i < parts.num_fields(); ++i) {
    json.Key(parts.struct_type()->field(i)->name());
    WriteValue(json, *parts.field(i), row, form);
  }
  json.EndObject();
}

void WriteList(JsonWriter& json, const arrow::Array& array, std::int64_t row, TimeForm form) {
  const auto& list = As<arrow::ListArray>(array);
  json.BeginArray();
  for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i) WriteValue(json, *list.values(), i, form);
  json.EndArray();
}

void WriteValue(JsonWriter& json, const arrow::Array& array, std::int64_t row, TimeForm form) {
  if (array.IsNull(row)) {
    json.Null();
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::BOOL: json.Bool(As<arrow::BooleanArray>(array).Value(row)); return;
    case arrow::Type::INT32: json.Integer(As<arrow::Int32Array>(array).Value(row)); return;
    case arrow::Type::INT64: json.Integer(As<arrow::Int64Array>(array).Value(row)); return;
    case arrow::Type::DOUBLE: json.Number(As<arrow::DoubleArray>(array).Value(row)); return;
    case arrow::Type::DECIMAL128: json.Raw(As<arrow::Decimal128Array>(array).FormatValue(row)); return;
    case arrow::Type::DATE32: json.Text(FormatDate(DateAt(array, row))); return;
    case arrow::Type::TIMESTAMP: WriteTime(json, As<arrow::TimestampArray>(array).Value(row), form); return;
    case arrow::Type::BINARY: json.Text(BytesText(As<arrow::BinaryArray>(array).GetView(row))); return;
    case arrow::Type::STRUCT: WriteStruct(json, array, row, form); return;
    case arrow::Type::LIST: WriteList(json, array, row, form); return;
    default: json.Text(As<arrow::StringArray>(array).GetView(row)); return;
  }
}

// A value as a cell: JSON without the quotes of a text.
std::string Cell(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return {};
  switch (array.type_id()) {
    case arrow::Type::STRING: return std::string(As<arrow::StringArray>(array).GetView(row));
    case arrow::Type::BINARY: return BytesText(As<arrow::BinaryArray>(array).GetView(row));
    case arrow::Type::DATE32: return FormatDate(DateAt(array, row));
    case arrow::Type::TIMESTAMP: return FormatRfc3339(FromMicros(As<arrow::TimestampArray>(array).Value(row)));
    default: break;
  }
  JsonWriter json;
  WriteValue(json, array, row, TimeForm::kRfc3339);
  std::string text = json.Take();
  return text == "null" ? "" : text;  // what is not finite
}

void AppendCsv(std::string& out, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (char c : cell) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

// The columns as CSV has them: a struct as one column a field, named window_start.
struct Flat {
  std::vector<std::string> names;
  arrow::ArrayVector arrays;

  void Add(const std::string& name, const std::shared_ptr<arrow::Array>& array) {
    if (array->type_id() != arrow::Type::STRUCT) {
      names.push_back(name);
      arrays.push_back(array);
      return;
    }
    auto parts = As<arrow::StructArray>(*array).Flatten().ValueOrDie();  // fails for want of memory alone
    for (std::size_t i = 0; i < parts.size(); ++i) Add(name + "_" + array->type()->field(static_cast<int>(i))->name(), parts[i]);
  }
};

// Calls `visit(batch)` for the rows, piece by piece.
template <class Visit>
void ForEachBatch(const arrow::Table& rows, Visit visit) {
  arrow::TableBatchReader reader(rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (reader.ReadNext(&batch).ok() && batch) visit(*batch);
}

std::string TypeSchema(const arrow::DataType& type, bool milliseconds) {
  switch (type.id()) {
    case arrow::Type::BOOL: return R"({"type":["boolean","null"]})";
    case arrow::Type::INT32:
    case arrow::Type::INT64: return R"({"type":["integer","null"]})";
    case arrow::Type::DOUBLE:
    case arrow::Type::DECIMAL128: return R"({"type":["number","null"]})";
    case arrow::Type::TIMESTAMP:
      return milliseconds ? R"({"type":["number","null"]})" : R"({"type":["string","null"],"format":"date-time"})";
    case arrow::Type::STRUCT: return R"({"type":["object","null"]})";
    case arrow::Type::LIST: return R"({"type":["array","null"]})";
    default: return R"({"type":["string","null"]})";
  }
}

std::string SchemaOf(const arrow::Schema& schema, bool columns) {
  std::string required, properties;
  for (const auto& field : schema.fields()) {
    const char* comma = required.empty() ? "" : ",";
    std::string name = JsonWriter().Text(field->name()).Take(), type = TypeSchema(*field->type(), columns);
    required += comma + name;
    properties += comma + name + ":" + (columns ? R"({"type":"array","items":)" + type + "}" : type);
  }
  return R"({"type":"object","required":[)" + required + R"(],"properties":{)" + properties + "}}";
}

}  // namespace

void WriteObjects(JsonWriter& json, const arrow::Table& rows) {
  json.BeginArray();
  ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      json.BeginObject();
      for (int i = 0; i < batch.num_columns(); ++i) {
        json.Key(batch.schema()->field(i)->name());
        WriteValue(json, *batch.column(i), row, TimeForm::kRfc3339);
      }
      json.EndObject();
    }
  });
  json.EndArray();
}

std::string ColumnsText(const arrow::Table& rows) {
  JsonWriter json;
  json.BeginObject();
  for (int i = 0; i < rows.num_columns(); ++i) {
    json.Key(rows.schema()->field(i)->name()).BeginArray();
    for (const auto& chunk : rows.column(i)->chunks()) {
      for (std::int64_t row = 0; row < chunk->length(); ++row) WriteValue(json, *chunk, row, TimeForm::kMilliseconds);
    }
    json.EndArray();
  }
  return json.EndObject().Take();
}

std::string CsvText(const arrow::Table& rows) {
  std::string out;
  auto line = [&](std::size_t cells, auto cell) {
    for (std::size_t i = 0; i < cells; ++i) {
      if (i > 0) out += ',';
      AppendCsv(out, cell(i));
    }
    out += "\r\n";
  };
  auto empty = arrow::RecordBatch::MakeEmpty(rows.schema()).ValueOrDie();
  Flat head;
  for (int i = 0; i < empty->num_columns(); ++i) head.Add(rows.schema()->field(i)->name(), empty->column(i));
  line(head.names.size(), [&](std::size_t i) { return std::string_view(head.names[i]); });
  ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
    Flat flat;
    for (int i = 0; i < batch.num_columns(); ++i) flat.Add(batch.schema()->field(i)->name(), batch.column(i));
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      line(flat.arrays.size(), [&](std::size_t i) { return Cell(*flat.arrays[i], row); });
    }
  });
  return out;
}

std::string ObjectSchema(const arrow::Schema& schema) { return SchemaOf(schema, false); }
std::string ColumnsSchema(const arrow::Schema& schema) { return SchemaOf(schema, true); }

}  // namespace cryptostream
