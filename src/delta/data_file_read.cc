// Reading a data file back into the columns that a caller asks for, whoever wrote it: partition values come from the log
// and not from the folder's name (the protocol says so), columns added to the table later are null, and a Spark file's
// int96 or narrower types are cast to the table's.
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/filesystem/api.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>

#include "delta/border.h"
#include "delta/data_file.h"
#include "delta/place.h"

namespace cryptostream {
namespace {

using Column = std::shared_ptr<arrow::ChunkedArray>;

arrow::Result<Column> Repeated(const std::shared_ptr<arrow::Scalar>& scalar, std::int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayFromScalar(*scalar, rows));
  return std::make_shared<arrow::ChunkedArray>(std::move(array));
}

arrow::Result<Column> PartitionColumn(const PartitionValue& value, const arrow::Field& field, std::int64_t rows) {
  if (!value.value) return Repeated(arrow::MakeNullScalar(field.type()), rows);
  ARROW_ASSIGN_OR_RAISE(auto scalar, arrow::Scalar::Parse(field.type(), *value.value));
  return Repeated(scalar, rows);
}

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) CollectLeaves(child, leaves);
}

// Reads those columns of `wanted` that the file has; its row count even if it has none of them.
arrow::Result<std::shared_ptr<arrow::Table>> ReadColumns(const Place& place, const std::string& path,
                                                         const arrow::Schema& wanted) {
  ARROW_ASSIGN_OR_RAISE(auto source, place.files->OpenInputFile(path));
  parquet::ArrowReaderProperties properties;
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(source)));
  builder.properties(properties);
  ARROW_ASSIGN_OR_RAISE(auto reader, builder.Build());
  std::vector<int> leaves;
  for (const auto& field : reader->manifest().schema_fields) {
    if (wanted.GetFieldIndex(field.field->name()) >= 0) CollectLeaves(field, &leaves);
  }
  return reader->ReadTable(leaves);
}

arrow::Result<Column> ColumnOf(const DataFile& file, const arrow::Table& read, const arrow::Field& field) {
  for (const PartitionValue& value : file.partition) {
    if (value.name == field.name()) return PartitionColumn(value, field, read.num_rows());
  }
  auto column = read.GetColumnByName(field.name());
  if (!column) return Repeated(arrow::MakeNullScalar(field.type()), read.num_rows());
  if (column->type()->Equals(*field.type())) return column;
  ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(column, field.type()));
  return cast.chunked_array();
}

arrow::Result<std::shared_ptr<arrow::Table>> Assemble(const DataFile& file, const arrow::Table& read,
                                                      const std::shared_ptr<arrow::Schema>& schema) {
  std::vector<Column> columns;
  for (const auto& field : schema->fields()) {
    ARROW_ASSIGN_OR_RAISE(auto column, ColumnOf(file, read, *field));
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(schema, std::move(columns), read.num_rows());
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> ReadDataFile(const std::string& root, const DataFile& file,
                                                   const std::shared_ptr<arrow::Schema>& schema) {
  CS_ASSIGN(Place place, OpenPlace(root));
  std::string path = place.Full(file.path);
  auto info = place.files->GetFileInfo(path);
  if (!info.ok()) return std::unexpected(delta_internal::FromArrow("look for data file " + path, info.status()));
  if (info->type() == arrow::fs::FileType::NotFound) return NotFound("data file is gone (vacuumed?): path=" + path);
  auto fail = [&](const arrow::Status& status) {
    Error error = delta_internal::FromArrow("read data file " + path, status);
    if (error.kind != ErrorKind::kUnavailable || status.message().find("arquet") != std::string::npos) {
      error.kind = ErrorKind::kCorrupt;
    }
    return std::unexpected(std::move(error));
  };
  auto read = ReadColumns(place, path, *schema);
  if (!read.ok()) return fail(read.status());
  if (file.rows >= 0 && (*read)->num_rows() != file.rows) {
    return Corrupt(fmt::format("data file has another row count than the log: path={} file={} log={}", path, (*read)->num_rows(),
                               file.rows));
  }
  auto table = Assemble(file, **read, schema);
  if (!table.ok()) return fail(table.status());
  return *table;
}

}  // namespace cryptostream
