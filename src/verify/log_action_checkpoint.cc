// The rows of a checkpoint as a log's actions. In: one Parquet file. Out: what the same actions would be as
// lines of a commit (log_action.h). Read batch by batch and page by page: a checkpoint of 100,000 files is
// never in memory as a whole. Values are taken by their own type, whoever wrote them: another writer's
// checkpoint has other widths and text types.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "delta/statistics.h"
#include "verify/log_action.h"

namespace cryptostream {
namespace {

constexpr std::int64_t kBatchRows = 1024;
constexpr std::int64_t kPageBuffer = 64 << 10;

std::optional<LogValue> ValueAt(const arrow::Array& array, std::int64_t row);

std::string JsonAt(const arrow::Array& array, std::int64_t row) {
  auto value = ValueAt(array, row);
  if (!value) return "null";
  return value->type == LogValue::Type::kText ? JsonString(value->text) : value->text;
}

std::string ObjectText(const LogFields& members) {
  std::string text;
  for (const auto& [name, value] : members) {
    text += (text.empty() ? "{" : ",") + JsonString(name) + ":" +
            (value.type == LogValue::Type::kText ? JsonString(value.text) : value.text);
  }
  return text.empty() ? text : text + "}";
}

LogFields MembersAt(const arrow::StructArray& array, std::int64_t row) {
  LogFields members;
  for (int i = 0; i < array.num_fields(); ++i) {
    const std::string& name = array.struct_type()->field(i)->name();
    if (name.ends_with("_parsed")) continue;  // the same as stats or partitionValues
    if (auto value = ValueAt(*array.field(i), row)) members.emplace(name, *std::move(value));
  }
  return members;
}

std::string MapText(const arrow::MapArray& array, std::int64_t row) {
  LogFields members;
  for (std::int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    auto key = ValueAt(*array.keys(), i), item = ValueAt(*array.items(), i);
    if (key && item) members.emplace(key->text, *std::move(item));
  }
  return ObjectText(members);
}

template <class List>
std::string ListText(const List& array, std::int64_t row) {
  std::string text;
  for (std::int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    text += (text.empty() ? "[" : ",") + JsonAt(*array.values(), i);
  }
  return text.empty() ? "[]" : text + "]";
}

std::optional<LogValue> ValueAt(const arrow::Array& array, std::int64_t row) {
  using Type = LogValue::Type;
  if (array.IsNull(row)) return std::nullopt;
  LogValue value;
  switch (array.type_id()) {
    case arrow::Type::STRING: return LogValue{Type::kText, static_cast<const arrow::StringArray&>(array).GetString(row)};
    case arrow::Type::LARGE_STRING:
      return LogValue{Type::kText, static_cast<const arrow::LargeStringArray&>(array).GetString(row)};
    case arrow::Type::BOOL:
      return LogValue{Type::kBool, static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false"};
    case arrow::Type::INT32:
      return LogValue{Type::kNumber, std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row))};
    case arrow::Type::INT64:
      return LogValue{Type::kNumber, std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row))};
    case arrow::Type::STRUCT:
      value = {Type::kObject, ObjectText(MembersAt(static_cast<const arrow::StructArray&>(array), row))};
      break;
    case arrow::Type::MAP: value = {Type::kObject, MapText(static_cast<const arrow::MapArray&>(array), row)}; break;
    case arrow::Type::LIST: value = {Type::kArray, ListText(static_cast<const arrow::ListArray&>(array), row)}; break;
    case arrow::Type::LARGE_LIST: value = {Type::kArray, ListText(static_cast<const arrow::LargeListArray&>(array), row)}; break;
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return ValueAt(*coded.dictionary(), coded.GetValueIndex(row));
    }
    default: {
      auto scalar = array.GetScalar(row);
      return LogValue{Type::kNumber, scalar.ok() ? (*scalar)->ToString() : "?"};
    }
  }
  if (value.text.empty()) return std::nullopt;
  return value;
}

std::unexpected<Error> ReadFailed(const std::filesystem::path& file, const arrow::Status& status) {
  std::string message = fmt::format("checkpoint cannot be read: path={} reason={}", file.string(), status.message());
  int number = arrow::internal::ErrnoFromStatus(status);
  if (number == ENOENT) return NotFound(message);
  if (number != 0 || status.IsOutOfMemory()) return Unavailable(message);
  return Corrupt(message);
}

arrow::Result<std::unique_ptr<parquet::arrow::FileReader>> OpenCheckpoint(const std::filesystem::path& file) {
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::io::ReadableFile::Open(file.string()));
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kBatchRows);
  properties.set_pre_buffer(false);
  parquet::ReaderProperties file_properties = parquet::default_reader_properties();
  file_properties.enable_buffered_stream();
  file_properties.set_buffer_size(kPageBuffer);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(input), file_properties));
  builder.properties(properties);
  return builder.Build();
}

Status VisitBatch(const arrow::RecordBatch& batch, const VisitAction& visit) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      const arrow::Array& column = *batch.column(i);
      if (column.IsNull(row)) continue;
      LogAction action{batch.column_name(i)};
      if (column.type_id() != arrow::Type::STRUCT)
        return Corrupt("checkpoint has a column that is no action: name=" + action.kind);
      action.fields = MembersAt(static_cast<const arrow::StructArray&>(column), row);
      CS_TRY(visit(-1, std::move(action)));
    }
  }
  return {};
}

}  // namespace

Status ForEachActionOfCheckpoint(const std::filesystem::path& file, const VisitAction& visit) {
  try {
    auto reader = OpenCheckpoint(file);
    if (!reader.ok()) return ReadFailed(file, reader.status());
    auto batches = (*reader)->GetRecordBatchReader();
    if (!batches.ok()) return ReadFailed(file, batches.status());
    while (true) {
      auto batch = (*batches)->Next();
      if (!batch.ok()) return ReadFailed(file, batch.status());
      if (!*batch) return {};
      CS_TRY(VisitBatch(**batch, visit));
    }
  } catch (const parquet::ParquetException& error) {  // a footer whose fields contradict each other
    return Corrupt(fmt::format("checkpoint cannot be read: path={} reason={}", file.string(), error.what()));
  }
}

}  // namespace cryptostream
