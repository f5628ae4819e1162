// Reading a data file back into the columns that a caller asks for, whoever wrote it: partition values come from the log
// and not from the folder's name (the protocol says so), columns added to the table later are null, and a Spark file's
// int96 or narrower types are cast to the table's.
#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/filesystem/api.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <cerrno>

#include "delta/border.h"
#include "delta/data_file.h"
#include "delta/place.h"

namespace cryptostream {
namespace {

using Column = std::shared_ptr<arrow::ChunkedArray>;

constexpr std::int64_t kPieceBuffer = 64 << 10;

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

using ReaderPtr = std::unique_ptr<parquet::arrow::FileReader>;

// In: the rows of a piece, if the file is read by pieces.
arrow::Result<ReaderPtr> OpenReader(const Place& place, const std::string& path, std::optional<std::int64_t> piece_rows = {}) {
  ARROW_ASSIGN_OR_RAISE(auto source, place.files->OpenInputFile(path));
  parquet::ArrowReaderProperties properties;
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  parquet::ReaderProperties file_properties = parquet::default_reader_properties();
  if (piece_rows) {
    properties.set_batch_size(*piece_rows);
    properties.set_pre_buffer(false);          // it would fetch whole row groups of all columns at once
    file_properties.enable_buffered_stream();  // pages one by one, not whole column chunks
    file_properties.set_buffer_size(kPieceBuffer);
  }
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(std::move(source), file_properties));
  builder.properties(properties);
  return builder.Build();
}

// The leaf columns of those in `wanted` that the file has.
std::vector<int> LeavesOf(const parquet::arrow::FileReader& reader, const arrow::Schema& wanted) {
  std::vector<int> leaves;
  for (const auto& field : reader.manifest().schema_fields) {
    if (wanted.GetFieldIndex(field.field->name()) >= 0) CollectLeaves(field, &leaves);
  }
  return leaves;
}

// Reads those columns of `wanted` that the file has; its row count even if it has none of them.
arrow::Result<std::shared_ptr<arrow::Table>> ReadColumns(const Place& place, const std::string& path,
                                                         const arrow::Schema& wanted) {
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenReader(place, path));
  return reader->ReadTable(LeavesOf(*reader, wanted));
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

Status CheckThere(const Place& place, const std::string& path) {
  auto info = place.files->GetFileInfo(path);
  if (!info.ok()) return std::unexpected(delta_internal::FromArrow("look for data file " + path, info.status()));
  if (info->type() == arrow::fs::FileType::NotFound) return NotFound("data file is gone (vacuumed?): path=" + path);
  return {};
}

std::unexpected<Error> ReadFailed(const std::string& path, const arrow::Status& status) {
  Error error = delta_internal::FromArrow("read data file " + path, status);
  int number = arrow::internal::ErrnoFromStatus(status);
  bool damaged = number == 0 && (error.kind != ErrorKind::kUnavailable || status.message().find("arquet") != std::string::npos);
  if (number == ENOENT) error.kind = ErrorKind::kNotFound;  // vacuumed since it was looked for
  if (damaged) error.kind = ErrorKind::kCorrupt;
  return std::unexpected(std::move(error));
}

Status CheckRows(const std::string& path, const DataFile& file, std::int64_t found) {
  if (file.rows < 0 || found == file.rows) return {};
  return Corrupt(fmt::format("data file has another row count than the log: path={} file={} log={}", path, found, file.rows));
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> ReadDataFile(const std::string& root, const DataFile& file,
                                                   const std::shared_ptr<arrow::Schema>& schema) {
  CS_ASSIGN(Place place, OpenPlace(root));
  std::string path = place.Full(file.path);
  CS_TRY(CheckThere(place, path));
  auto read = ReadColumns(place, path, *schema);
  if (!read.ok()) return ReadFailed(path, read.status());
  CS_TRY(CheckRows(path, file, (*read)->num_rows()));
  auto table = Assemble(file, **read, schema);
  if (!table.ok()) return ReadFailed(path, table.status());
  return *table;
}

struct DataFileReader::Impl {
  DataFile file;
  std::string path;
  std::shared_ptr<arrow::Schema> schema;
  ReaderPtr reader;
  std::unique_ptr<arrow::RecordBatchReader> batches;
  std::string sorted_by;
  std::int64_t rows = 0, decoded_bytes = 0;

  arrow::Status Start(const Place& place, std::int64_t piece_rows) {
    ARROW_ASSIGN_OR_RAISE(reader, OpenReader(place, path, piece_rows));
    auto footer = reader->parquet_reader()->metadata();
    if (auto pairs = footer->key_value_metadata()) sorted_by = pairs->Get(kSortedByKey).ValueOr("");
    std::vector<int> groups;
    for (int i = 0; i < footer->num_row_groups(); ++i) {
      groups.push_back(i);
      decoded_bytes += footer->RowGroup(i)->total_byte_size();
    }
    ARROW_ASSIGN_OR_RAISE(batches, reader->GetRecordBatchReader(groups, LeavesOf(*reader, *schema)));
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::Table>> Next() {
    ARROW_ASSIGN_OR_RAISE(auto batch, batches->Next());
    if (!batch) return nullptr;
    rows += batch->num_rows();
    ARROW_ASSIGN_OR_RAISE(auto read, arrow::Table::FromRecordBatches({batch}));
    return Assemble(file, *read, schema);
  }
};

DataFileReader::DataFileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataFileReader::~DataFileReader() = default;
const std::string& DataFileReader::sorted_by() const { return impl_->sorted_by; }
std::int64_t DataFileReader::decoded_bytes() const { return impl_->decoded_bytes; }

Result<std::unique_ptr<DataFileReader>> DataFileReader::Open(const std::string& root, const DataFile& file,
                                                             const std::shared_ptr<arrow::Schema>& schema,
                                                             std::int64_t piece_rows) {
  CS_ASSIGN(Place place, OpenPlace(root));
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  impl->path = place.Full(file.path);
  impl->schema = schema;
  CS_TRY(CheckThere(place, impl->path));
  arrow::Status started = impl->Start(place, piece_rows);
  if (!started.ok()) return ReadFailed(impl->path, started);
  return std::unique_ptr<DataFileReader>(new DataFileReader(std::move(impl)));
}

Result<std::shared_ptr<arrow::Table>> DataFileReader::Next() {
  auto piece = impl_->Next();
  if (!piece.ok()) return ReadFailed(impl_->path, piece.status());
  if (!*piece) CS_TRY(CheckRows(impl_->path, impl_->file, impl_->rows));
  return *piece;
}

}  // namespace cryptostream
