// A pinned version of a table: what flows out is the metadata, the live files and the positions of that version. The log
// is replayed by the kernel; here its rows become ours, and a file with a deletion vector, which every plain reader of
// the file list would read wrongly, is refused.
#include "delta/snapshot.h"

#include <arrow/api.h>

#include "delta/border.h"
#include "delta/log_rows.h"

namespace cryptostream {

using delta_internal::Call;

Snapshot::Snapshot(std::shared_ptr<delta_internal::SnapshotHandle> handle) : handle_(std::move(handle)) {}
Snapshot::~Snapshot() = default;

Version Snapshot::version() const { return handle_->snapshot->version(); }
const std::string& Snapshot::uri() const { return handle_->facts->uri; }
const std::string& Snapshot::table_id() const { return handle_->facts->id; }
const std::shared_ptr<arrow::Schema>& Snapshot::schema() const { return handle_->facts->schema; }
const std::vector<std::string>& Snapshot::partition_columns() const { return handle_->facts->partition_columns; }
const std::map<std::string, std::string>& Snapshot::properties() const { return handle_->facts->properties; }

Result<std::vector<DataFile>> Snapshot::Files() const {
  CS_ASSIGN(auto rows, Call("list the table's files", [&] { return handle_->shim_store().files(*handle_->snapshot); }));
  CS_ASSIGN(auto listed, delta_internal::ReadFiles(*rows, partition_columns()));
  std::vector<DataFile> files;
  files.reserve(listed.size());
  for (auto& row : listed) {
    if (row.has_deletion_vector) {
      return Invalid("table has deletion vectors; in Spark run REORG TABLE ... APPLY (PURGE): file=" + row.file.path +
                     " table=" + uri());
    }
    files.push_back(std::move(row.file));
  }
  return files;
}

Result<std::map<std::string, std::int64_t>> Snapshot::Txns(std::string_view prefix) const {
  CS_ASSIGN(auto rows, Call("read the table's positions", [&] { return handle_->shim_store().txns(*handle_->snapshot); }));
  CS_ASSIGN(auto txns, delta_internal::ReadTxns(*rows));
  std::erase_if(txns, [&](const auto& txn) { return !txn.first.starts_with(prefix); });
  return txns;
}

}  // namespace cryptostream
