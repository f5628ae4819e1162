// Writing a data file. Rows flow in, a durable Parquet file and its log entry come out: durable before counted, so the entry is
// not given before the file and its folder are fsynced. The file is written under a hidden
// name (readers that look at folders skip names with a dot), fsynced, renamed, and its directory fsynced: a crash leaves
// either nothing visible or a whole file that no version knows, which vacuum takes later. An object store needs none of
// this: there a file appears whole when it is closed.
// Encodings: DELTA_BINARY_PACKED for integers and times (offsets and event times grow in small steps: a quarter of the
// dictionary's size in bronze), dictionaries for texts that repeat, zstd level 1 (13 B a row against 25 with snappy, same speed).
#include <arrow/api.h>
#include <arrow/filesystem/api.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mutant.h"
#include "base/system_error.h"
#include "delta/border.h"
#include "delta/data_file.h"
#include "delta/partition.h"
#include "delta/place.h"
#include "delta/statistics.h"

namespace cryptostream {
namespace {

using delta_internal::FromArrow;

const CrashPoint kBeforeDataFile("delta.before_data_file");
const CrashPoint kBeforeRename("delta.before_data_file_rename");
const CrashPoint kAfterDataFile("delta.after_data_file");

// Numbers without a dictionary: integers and times as differences, doubles as they are (a dictionary of prices costs a look-up
// a row and is given up after a megabyte anyway).
void EncodeNumbers(const arrow::FieldVector& fields, const std::string& prefix, parquet::WriterProperties::Builder* out) {
  for (const auto& field : fields) {
    std::string path = prefix + field->name();
    switch (field->type()->id()) {
      case arrow::Type::STRUCT: EncodeNumbers(field->type()->fields(), path + ".", out); break;
      case arrow::Type::INT32:
      case arrow::Type::INT64:
      case arrow::Type::TIMESTAMP: out->disable_dictionary(path)->encoding(path, parquet::Encoding::DELTA_BINARY_PACKED); break;
      case arrow::Type::DOUBLE: out->disable_dictionary(path); break;
      default: break;
    }
  }
}

std::shared_ptr<parquet::WriterProperties> WriterProperties(const arrow::Schema& schema, const DataFileOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.compression(parquet::Compression::ZSTD)
      ->compression_level(options.zstd_level)
      ->max_row_group_length(options.row_group_rows)
      ->created_by("cryptostream");
  EncodeNumbers(schema.fields(), "", &builder);
  for (const std::string& column : options.distinct_columns) builder.disable_dictionary(column)->disable_statistics(column);
  return builder.build();
}

Status CheckTypes(const arrow::FieldVector& fields) {
  for (const auto& field : fields) {
    const auto& type = *field->type();
    if (type.id() == arrow::Type::STRUCT) CS_TRY(CheckTypes(type.fields()));
    if (type.id() != arrow::Type::TIMESTAMP) continue;
    const auto& time = static_cast<const arrow::TimestampType&>(type);
    if (time.unit() == arrow::TimeUnit::MICRO && time.timezone() == "UTC") continue;
    return Invalid(fmt::format("time column is not microseconds in UTC: column={} type={}", field->name(), type.ToString()));
  }
  return {};
}

Status Publish(const Place& place, const std::string& hidden, const std::string& path, bool fsync) {
  if (!place.local) return {};
  if constexpr (kMutant == Mutant::kAcknowledgeBeforeFsync) fsync = false;
  if (fsync) CS_TRY(FsyncPath(hidden));
  kBeforeRename.Reach();
  std::error_code error;
  std::filesystem::rename(hidden, path, error);
  if (error) return Unavailable(fmt::format("cannot rename data file: path={} reason={}", path, SystemReason(error.value())));
  if (fsync) CS_TRY(FsyncPath(std::filesystem::path(path).parent_path()));
  return {};
}

Status MakeFolder(const Place& place, const std::filesystem::path& folder, bool fsync) {
  if (!place.local) return {};
  if (fsync) return MakeDirsDurable(folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return Unavailable(fmt::format("cannot make directory: path={} reason={}", folder.string(), SystemReason(error.value())));
  return {};
}

}  // namespace

struct DataFileWriter::Impl {
  Impl(Place at, DataFileOptions with, const arrow::Schema& schema)
      : place(std::move(at)), options(std::move(with)), statistics(schema) {}

  Place place;
  DataFileOptions options;
  StatisticsBuilder statistics;
  DataFile file;
  std::string path, hidden;  // within the place
  std::shared_ptr<arrow::io::OutputStream> sink;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  bool finished = false;

  arrow::Status Start(const std::shared_ptr<arrow::Schema>& schema) {
    ARROW_ASSIGN_OR_RAISE(sink, place.files->OpenOutputStream(hidden));
    ARROW_ASSIGN_OR_RAISE(writer, parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), sink,
                                                                   WriterProperties(*schema, options)));
    return arrow::Status::OK();
  }

  arrow::Status Close() {
    if (!options.sorted_by.empty()) {
      ARROW_RETURN_NOT_OK(writer->AddKeyValueMetadata(arrow::key_value_metadata({{kSortedByKey, options.sorted_by}})));
    }
    ARROW_RETURN_NOT_OK(writer->Close());
    return sink->Close();
  }

  std::unexpected<Error> Failed(const arrow::Status& status) const {
    return std::unexpected(FromArrow("write data file " + path, status));
  }
};

DataFileWriter::DataFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DataFileWriter::~DataFileWriter() {
  if (impl_->finished) return;
  impl_->writer = nullptr;
  impl_->sink = nullptr;
  if (impl_->place.files->DeleteFile(impl_->hidden).IsIOError()) LogDebug("no half file to remove: path={}", impl_->hidden);
}

Result<std::unique_ptr<DataFileWriter>> DataFileWriter::Open(const std::string& root,
                                                             const std::vector<PartitionValue>& partition,
                                                             const std::shared_ptr<arrow::Schema>& schema,
                                                             const DataFileOptions& options) {
  CS_TRY(CheckTypes(schema->fields()));
  CS_ASSIGN(Place place, OpenPlace(root));
  auto impl = std::make_unique<Impl>(std::move(place), options, *schema);
  impl->file.partition = partition;
  std::string folder = PartitionFolder(partition);
  impl->file.path = fmt::format("{}{}part-{}.zstd.parquet", folder, folder.empty() ? "" : "/", RandomHexId());
  impl->path = impl->hidden = impl->place.Full(impl->file.path);
  if (impl->place.local) {
    std::filesystem::path whole(impl->path);
    impl->hidden = (whole.parent_path() / ("." + whole.filename().string() + ".tmp")).string();
    if (options.hold != nullptr) options.hold->Add(impl->path);
    CS_TRY(MakeFolder(impl->place, whole.parent_path(), options.fsync));
  }
  std::unique_ptr<DataFileWriter> writer(new DataFileWriter(std::move(impl)));
  kBeforeDataFile.Reach();
  arrow::Status started = writer->impl_->Start(schema);
  if (!started.ok()) return writer->impl_->Failed(started);
  return writer;
}

Status DataFileWriter::Write(const arrow::Table& rows) {
  if (rows.num_rows() == 0) return {};
  CS_TRY(impl_->statistics.Add(rows));
  arrow::Status written = impl_->writer->WriteTable(rows, impl_->options.row_group_rows);
  if (!written.ok()) return impl_->Failed(written);
  impl_->file.rows = std::max<std::int64_t>(impl_->file.rows, 0) + rows.num_rows();
  return {};
}

std::int64_t DataFileWriter::size_bytes() const { return impl_->sink->Tell().ValueOr(0); }

Result<DataFile> DataFileWriter::Finish() {
  Impl& impl = *impl_;
  if (impl.file.rows <= 0) return Invalid("data file without rows: path=" + impl.path);
  arrow::Status closed = impl.Close();
  if (!closed.ok()) return impl.Failed(closed);
  std::int64_t footer_rows = impl.writer->metadata()->num_rows();
  if (footer_rows != impl.file.rows) {
    return Internal(
        fmt::format("data file has another row count: path={} footer={} rows={}", impl.path, footer_rows, impl.file.rows));
  }
  CS_TRY(Publish(impl.place, impl.hidden, impl.path, impl.options.fsync));
  impl.finished = true;
  impl.file.stats_json = impl.statistics.Json();
  auto info = impl.place.files->GetFileInfo(impl.path);
  if (!info.ok()) return std::unexpected(FromArrow("look at data file " + impl.path, info.status()));
  impl.file.size_bytes = info->size();
  impl.file.modified = std::chrono::floor<std::chrono::microseconds>(info->mtime());
  kAfterDataFile.Reach();
  return impl.file;
}

Result<DataFile> WriteDataFile(const std::string& root, const std::vector<PartitionValue>& partition, const arrow::Table& rows,
                               const DataFileOptions& options) {
  if (rows.num_rows() == 0) return Invalid("data file without rows: table=" + root);
  CS_ASSIGN(auto writer, DataFileWriter::Open(root, partition, rows.schema(), options));
  CS_TRY(writer->Write(rows));
  return writer->Finish();
}

Result<DataFile> WriteDataFile(const std::string& root, const std::vector<PartitionValue>& partition,
                               const std::shared_ptr<arrow::RecordBatch>& rows, const DataFileOptions& options) {
  auto table = arrow::Table::FromRecordBatches({rows});
  if (!table.ok()) return std::unexpected(FromArrow("take the batch", table.status()));
  return WriteDataFile(root, partition, **table, options);
}

}  // namespace cryptostream
