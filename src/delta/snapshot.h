#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cryptostream {

// A version of a table's log. kNoVersion: before the first one.
using Version = std::int64_t;
inline constexpr Version kNoVersion = -1;

// One partition column's value, as text in the form of the Delta protocol ("2024-08-08", "7"); nullopt is null.
struct PartitionValue {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const PartitionValue&, const PartitionValue&) = default;
};

// A data file as the log describes it.
struct DataFile {
  std::string path;  // below the table's root, decoded: as on the disk
  std::int64_t size_bytes = 0;
  Timestamp modified{};
  std::vector<PartitionValue> partition;  // in the order of the table's partition columns
  std::int64_t rows = -1;                 // numRecords of the statistics; -1 where a foreign writer gave none
  std::string stats_json;                 // as in the log; empty where there is none
};

namespace delta_internal {
struct SnapshotHandle;
}

// One version of a table, pinned: what it says never changes, whatever is committed later. Immutable and thread-safe;
// Files() reads the log each time, so hold on to what it gave. The files themselves live until vacuum takes them
// (delta.deletedFileRetentionDuration after their removal).
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<delta_internal::SnapshotHandle> handle);
  ~Snapshot();

  Version version() const;
  const std::string& uri() const;  // of the table's root, ends with "/"
  const std::string& table_id() const;
  const std::shared_ptr<arrow::Schema>& schema() const;  // all columns, those of the partition included
  const std::vector<std::string>& partition_columns() const;
  const std::map<std::string, std::string>& properties() const;

  // Lists the live files with partition values, rows and statistics, in no order.
  // Errors: Invalid (deletion vectors), Corrupt, Unavailable.
  Result<std::vector<DataFile>> Files() const;
  // Reads all positions: app ids that begin with `prefix` and their versions, complete at this version.
  Result<std::map<std::string, std::int64_t>> Txns(std::string_view prefix = "cryptostream/") const;

  const delta_internal::SnapshotHandle& handle() const { return *handle_; }

 private:
  std::shared_ptr<delta_internal::SnapshotHandle> handle_;
};

}  // namespace cryptostream
