// From the log's rows, as Arrow batches of the kernel, to files, positions and commits. Columns are found by name; one that the log does
// not have reads as null, as a field that a foreign writer left out does. A struct's nulls count for its fields: the row of a
// commit is an add, a remove, a txn or a commitInfo, and null in all others.
#include "delta/log_rows.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "delta/statistics.h"

namespace cryptostream::delta_internal {
namespace {

using Pairs = std::map<std::string, std::string>;

Timestamp FromMillis(std::int64_t millis) { return Timestamp(std::chrono::milliseconds(millis)); }

// The fields of a struct, all null where it is not there.
class Fields {
 public:
  explicit Fields(std::shared_ptr<arrow::Array> of) : of_(std::move(of)) {}

  bool has(std::int64_t row) const { return of_ && of_->IsValid(row); }

  Result<std::shared_ptr<arrow::Array>> Get(const char* name) const {
    if (!of_) return nullptr;
    if (of_->type_id() != arrow::Type::STRUCT) return Wrong(name);
    const auto& fields = static_cast<const arrow::StructArray&>(*of_);
    int index = fields.struct_type()->GetFieldIndex(name);
    if (index < 0) return nullptr;
    auto column = fields.GetFlattenedField(index);
    if (!column.ok()) return std::unexpected(FromArrow("read the log's rows", column.status()));
    return *column;
  }

  template <class Array>
  Result<std::shared_ptr<Array>> As(const char* name) const {
    CS_ASSIGN(auto column, Get(name));
    if (column && column->type_id() != Array::TypeClass::type_id) return Wrong(name);
    return std::static_pointer_cast<Array>(column);
  }

  Result<Fields> Struct(const char* name) const {
    CS_ASSIGN(auto column, Get(name));
    return Fields(std::move(column));
  }

 private:
  static std::unexpected<Error> Wrong(const char* name) {
    return Internal(std::string("the log's rows have a column of another type: column=") + name);
  }

  std::shared_ptr<arrow::Array> of_;
};

template <class Array, class T>
T ValueOr(const std::shared_ptr<Array>& column, std::int64_t row, T otherwise) {
  return column && column->IsValid(row) ? static_cast<T>(column->GetView(row)) : otherwise;
}

// The pairs of a map of texts; one with a null value is left out.
Result<Pairs> PairsOf(const std::shared_ptr<arrow::MapArray>& maps, std::int64_t row) {
  Pairs out;
  if (!maps || maps->IsNull(row)) return out;
  if (maps->keys()->type_id() != arrow::Type::STRING || maps->items()->type_id() != arrow::Type::STRING)
    return Internal("the log's rows have a map of another type: type=" + maps->type()->ToString());
  const auto& keys = static_cast<const arrow::StringArray&>(*maps->keys());
  const auto& items = static_cast<const arrow::StringArray&>(*maps->items());
  for (std::int64_t i = maps->value_offset(row); i < maps->value_offset(row + 1); ++i) {
    if (items.IsValid(i)) out[keys.GetString(i)] = items.GetString(i);
  }
  return out;
}

// A path of the log as it is on the disk.
Result<std::string> DecodedPath(std::string_view path) {
  std::string decoded;
  if (!PercentDecode(path, false, decoded)) decoded = path;  // a "%" that encodes nothing is one
  if (!IsUtf8(decoded)) return Corrupt("file path is not UTF-8: path=" + Printable(path));
  return decoded;
}

// The columns of a file action. A remove has the time of the removal where an add has the file's.
struct FileColumns {
  std::shared_ptr<arrow::StringArray> path, stats, deletion_vector;
  std::shared_ptr<arrow::Int64Array> size, modified;
  std::shared_ptr<arrow::BooleanArray> data_change;
  std::shared_ptr<arrow::MapArray> partition;

  static Result<FileColumns> Of(const Fields& action, const Fields& partitioned, const char* time) {
    FileColumns out;
    CS_ASSIGN(out.path, action.As<arrow::StringArray>("path"));
    CS_ASSIGN(out.stats, action.As<arrow::StringArray>("stats"));
    CS_ASSIGN(out.size, action.As<arrow::Int64Array>("size"));
    CS_ASSIGN(out.modified, action.As<arrow::Int64Array>(time));
    CS_ASSIGN(out.data_change, action.As<arrow::BooleanArray>("dataChange"));
    CS_ASSIGN(out.partition, partitioned.As<arrow::MapArray>("partitionValues"));
    CS_ASSIGN(Fields vector, action.Struct("deletionVector"));
    CS_ASSIGN(out.deletion_vector, vector.As<arrow::StringArray>("storageType"));
    return out;
  }

  // Adds the row's file to `out`, if the row is one.
  Status Read(std::int64_t row, const std::vector<std::string>& partition_columns, std::vector<LogFile>& out) const {
    if (!path || path->IsNull(row)) return {};
    LogFile read;
    CS_ASSIGN(read.file.path, DecodedPath(path->GetView(row)));
    CS_ASSIGN(Pairs values, PairsOf(partition, row));
    read.file.size_bytes = ValueOr<arrow::Int64Array, std::int64_t>(size, row, -1);
    read.file.modified = FromMillis(ValueOr<arrow::Int64Array, std::int64_t>(modified, row, 0));
    read.file.stats_json = ValueOr<arrow::StringArray, std::string>(stats, row, "");
    read.file.rows = RowsOf(read.file.stats_json);
    for (const std::string& column : partition_columns) {
      auto value = values.find(column);
      read.file.partition.push_back({column, value == values.end() ? std::nullopt : std::optional(value->second)});
    }
    read.data_change = ValueOr(data_change, row, true);
    read.has_deletion_vector = deletion_vector && deletion_vector->IsValid(row);
    out.push_back(std::move(read));
    return {};
  }
};

struct TxnColumns {
  std::shared_ptr<arrow::StringArray> app_id;
  std::shared_ptr<arrow::Int64Array> version;

  static Result<TxnColumns> Of(const Fields& rows) {
    CS_ASSIGN(Fields txn, rows.Struct("txn"));
    TxnColumns out;
    CS_ASSIGN(out.app_id, txn.As<arrow::StringArray>("appId"));
    CS_ASSIGN(out.version, txn.As<arrow::Int64Array>("version"));
    return out;
  }

  void Read(std::int64_t row, std::map<std::string, std::int64_t>& out) const {
    if (!app_id || app_id->IsNull(row) || !version || version->IsNull(row)) return;
    out.try_emplace(app_id->GetString(row), version->Value(row));
  }
};

// Calls `each` with every batch: its number, its fields, its number of rows.
Status ForEachBatch(const shim::Rows& rows, const std::function<Status(std::size_t, const Fields&, std::int64_t)>& each) {
  for (std::size_t i = 0; i < rows.batches(); ++i) {
    ArrowArray array{};
    ArrowSchema schema{};
    CS_TRY(Call("read the log's rows",
                [&] { rows.export_batch(i, reinterpret_cast<std::size_t>(&array), reinterpret_cast<std::size_t>(&schema)); }));
    auto imported = arrow::ImportArray(&array, &schema);
    if (!imported.ok()) return std::unexpected(FromArrow("read the log's rows", imported.status()));
    CS_TRY(each(i, Fields(*imported), (*imported)->length()));
  }
  return {};
}

Result<FileColumns> ScanColumns(const Fields& rows) {
  CS_ASSIGN(Fields constants, rows.Struct("fileConstantValues"));
  return FileColumns::Of(rows, constants, "modificationTime");
}

// Takes the rows of one batch into the commit that it is a part of.
Status ReadCommitBatch(const Fields& rows, std::int64_t count, const std::vector<std::string>& partition_columns,
                       LogCommit& out) {
  CS_ASSIGN(Fields add, rows.Struct("add"));
  CS_ASSIGN(Fields remove, rows.Struct("remove"));
  CS_ASSIGN(Fields info, rows.Struct("commitInfo"));
  CS_ASSIGN(FileColumns adds, FileColumns::Of(add, add, "modificationTime"));
  CS_ASSIGN(FileColumns removes, FileColumns::Of(remove, remove, "deletionTimestamp"));
  CS_ASSIGN(TxnColumns txns, TxnColumns::Of(rows));
  CS_ASSIGN(auto times, info.As<arrow::Int64Array>("timestamp"));
  CS_ASSIGN(auto operations, info.As<arrow::StringArray>("operation"));
  CS_ASSIGN(auto parameters, info.As<arrow::MapArray>("operationParameters"));
  for (std::int64_t row = 0; row < count; ++row) {
    CS_TRY(adds.Read(row, partition_columns, out.adds));
    CS_TRY(removes.Read(row, partition_columns, out.removes));
    txns.Read(row, out.txns);
    if (!info.has(row)) continue;
    out.time = FromMillis(ValueOr<arrow::Int64Array, std::int64_t>(times, row, 0));
    out.operation = ValueOr<arrow::StringArray, std::string>(operations, row, "");
    CS_ASSIGN(out.parameters, PairsOf(parameters, row));
  }
  return {};
}

}  // namespace

Result<std::vector<LogFile>> ReadFiles(const shim::Rows& rows, const std::vector<std::string>& partition_columns) {
  std::vector<LogFile> files;
  CS_TRY(ForEachBatch(rows, [&](std::size_t, const Fields& batch, std::int64_t count) -> Status {
    CS_ASSIGN(FileColumns columns, ScanColumns(batch));
    for (std::int64_t row = 0; row < count; ++row) CS_TRY(columns.Read(row, partition_columns, files));
    return {};
  }));
  return files;
}

Result<std::map<std::string, Timestamp>> ReadRemovals(const shim::Rows& rows) {
  std::map<std::string, Timestamp> removals;
  CS_TRY(ForEachBatch(rows, [&](std::size_t, const Fields& batch, std::int64_t count) -> Status {
    CS_ASSIGN(Fields remove, batch.Struct("remove"));
    CS_ASSIGN(auto paths, remove.As<arrow::StringArray>("path"));
    CS_ASSIGN(auto times, remove.As<arrow::Int64Array>("deletionTimestamp"));
    for (std::int64_t row = 0; row < count; ++row) {
      if (!paths || paths->IsNull(row)) continue;
      CS_ASSIGN(std::string path, DecodedPath(paths->GetView(row)));
      Timestamp& at = removals[path];
      at = std::max(at, FromMillis(ValueOr<arrow::Int64Array, std::int64_t>(times, row, 0)));
    }
    return {};
  }));
  return removals;
}

Result<std::map<std::string, std::int64_t>> ReadTxns(const shim::Rows& rows) {
  std::map<std::string, std::int64_t> txns;
  CS_TRY(ForEachBatch(rows, [&](std::size_t, const Fields& batch, std::int64_t count) -> Status {
    CS_ASSIGN(TxnColumns columns, TxnColumns::Of(batch));
    for (std::int64_t row = 0; row < count; ++row) columns.Read(row, txns);
    return {};
  }));
  return txns;
}

Result<std::vector<LogCommit>> ReadCommits(const shim::Rows& rows, const std::vector<std::string>& partition_columns) {
  std::vector<LogCommit> commits;
  CS_TRY(ForEachBatch(rows, [&](std::size_t i, const Fields& batch, std::int64_t count) {
    Version version = rows.version(i);
    if (commits.empty() || commits.back().version != version) commits.emplace_back().version = version;
    return ReadCommitBatch(batch, count, partition_columns, commits.back());
  }));
  return commits;
}

Status SelectRemovals(const std::vector<DataFile>& removes, shim::Rows& rows) {
  std::set<std::string_view> missing;
  for (const DataFile& file : removes) missing.insert(file.path);
  CS_TRY(ForEachBatch(rows, [&](std::size_t i, const Fields& batch, std::int64_t count) -> Status {
    CS_ASSIGN(auto paths, batch.As<arrow::StringArray>("path"));
    rust::Vec<bool> selected;
    for (std::int64_t row = 0; row < count; ++row) {
      CS_ASSIGN(std::string path, DecodedPath(ValueOr<arrow::StringArray, std::string_view>(paths, row, "")));
      selected.push_back(missing.erase(path) > 0);
    }
    rows.select(i, {selected.data(), selected.size()});
    return {};
  }));
  if (missing.empty()) return {};
  return Conflict("file to remove is not live: path=" + std::string(*missing.begin()));
}

}  // namespace cryptostream::delta_internal
