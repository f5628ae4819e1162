// The C++ side of the border to the Rust shim: its structs become ours, its error text becomes an Error, and a table that
// this program would misread is refused here, before anybody can hold a snapshot of it. The rules are ours and not the
// shim's: the kernel reads deletion vectors and column mapping, but DuckDB's scan of the plain file list does not.
#include "delta/border.h"

#include <arrow/c/bridge.h>
#include <arrow/type.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/system_error.h"
#include "delta/partition.h"
#include "delta/statistics.h"
#include "delta/table.h"

namespace cryptostream::delta_internal {
namespace {

ErrorKind KindOf(std::string_view kind) {
  if (kind == "notfound") return ErrorKind::kNotFound;
  if (kind == "invalid") return ErrorKind::kInvalid;
  if (kind == "conflict") return ErrorKind::kConflict;
  if (kind == "corrupt") return ErrorKind::kCorrupt;
  if (kind == "unavailable") return ErrorKind::kUnavailable;
  return ErrorKind::kInternal;
}

std::string Property(const TableFacts& facts, const char* name) {
  auto found = facts.properties.find(name);
  return found == facts.properties.end() ? std::string() : found->second;
}

Result<std::shared_ptr<const TableFacts>> ReadFacts(const TableStore& store, const shim::Snapshot& snapshot) {
  auto facts = std::make_shared<TableFacts>();
  facts->uri = store.place.uri;
  CS_ASSIGN(shim::Metadata metadata, Call("read the table's metadata", [&] { return snapshot.metadata(); }));
  facts->id = std::string(metadata.id);
  for (const auto& column : metadata.partition_columns) facts->partition_columns.emplace_back(column);
  for (const auto& pair : metadata.properties) facts->properties[std::string(pair.key)] = std::string(pair.value);

  ArrowSchema exported{};
  CS_TRY(Call("read the table's schema", [&] { snapshot.export_schema(reinterpret_cast<std::size_t>(&exported)); }));
  auto schema = arrow::ImportSchema(&exported);
  if (!schema.ok()) return std::unexpected(FromArrow("read the table's schema", schema.status()));
  facts->schema = WithoutMetadata(**schema);
  return facts;
}

}  // namespace

Error FromShim(std::string_view what, std::string_view text) {
  auto bar = text.find('|');
  std::string_view kind = bar == text.npos ? std::string_view() : text.substr(0, bar);
  std::string_view reason = bar == text.npos ? text : text.substr(bar + 1);
  return Error{KindOf(kind), fmt::format("cannot {}: reason={}", what, WithAdvice(reason)), std::nullopt};
}

Error FromArrow(std::string_view what, const arrow::Status& status) {
  // Arrow keeps the system's own reason apart from its words. An input error without one is of the bytes: what should be Parquet is not.
  const int code = arrow::internal::ErrnoFromStatus(status);
  ErrorKind kind = status.IsIOError() ? (code == 0 ? ErrorKind::kCorrupt : ErrorKind::kUnavailable)
                   : status.IsInvalid() || status.IsTypeError() || status.IsNotImplemented() ? ErrorKind::kInvalid
                                                                                             : ErrorKind::kInternal;
  std::string reason = status.message();
  if (code != 0) reason += ": " + SystemReason(code);
  return Error{kind, fmt::format("cannot {}: reason={}", what, reason), std::nullopt};
}

Status CheckSupported(const TableFacts& facts) {
  if (int format = FormatOf(facts.properties); format > kTableFormat) {
    return Invalid(fmt::format("table was made or upgraded by a newer cryptostream, use that one: format={} known={} table={}",
                               format, kTableFormat, facts.uri));
  }
  if (IsSet(facts.properties, "delta.enableDeletionVectors")) {
    return Invalid(
        "table has deletion vectors; in Spark run ALTER TABLE ... SET TBLPROPERTIES "
        "('delta.enableDeletionVectors'='false'), then REORG TABLE ... APPLY (PURGE): table=" +
        facts.uri);
  }
  std::string mapping = Property(facts, "delta.columnMapping.mode");
  if (!mapping.empty() && mapping != "none") {
    return Invalid(
        fmt::format("table has column mapping, which is not supported; copy it into a table without: mode={} "
                    "table={}",
                    mapping, facts.uri));
  }
  if (!Property(facts, "delta.setTransactionRetentionDuration").empty()) {
    return Invalid("table forgets its positions; unset delta.setTransactionRetentionDuration: table=" + facts.uri);
  }
  return {};
}

Result<std::shared_ptr<const Snapshot>> MakeSnapshot(const StorePtr& store, rust::Box<shim::Snapshot> snapshot,
                                                     std::shared_ptr<const TableFacts> same) {
  if (!same) {
    CS_ASSIGN(same, ReadFacts(*store, *snapshot));
    CS_TRY(CheckSupported(*same));
  }
  auto handle = std::make_shared<SnapshotHandle>(SnapshotHandle{store, std::move(snapshot), std::move(same)});
  return std::make_shared<const Snapshot>(std::move(handle));
}

Result<std::string> DeltaType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING: return "string";
    case arrow::Type::BINARY: return "binary";
    case arrow::Type::BOOL: return "boolean";
    case arrow::Type::INT32: return "integer";
    case arrow::Type::INT64: return "long";
    case arrow::Type::DOUBLE: return "double";
    case arrow::Type::DATE32: return "date";
    case arrow::Type::TIMESTAMP: return "timestamp";
    default: return Invalid("no column of this type can be added: type=" + type.ToString());
  }
}

std::string AddJson(const DataFile& file) {
  std::string partition;
  for (const PartitionValue& value : file.partition) {
    partition += fmt::format("{}{}:{}", partition.empty() ? "" : ",", JsonString(value.name),
                             value.value ? JsonString(*value.value) : "null");
  }
  auto modified = std::chrono::floor<std::chrono::milliseconds>(file.modified.time_since_epoch());
  return fmt::format(R"({{"path":{},"partitionValues":{{{}}},"size":{},"modificationTime":{},"stats":{}}})",
                     JsonString(EncodeUriPath(file.path)), partition, file.size_bytes, modified.count(),
                     file.stats_json.empty() ? "null" : file.stats_json);
}

}  // namespace cryptostream::delta_internal
