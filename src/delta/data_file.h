#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/snapshot.h"

namespace cryptostream {

// Data files of a table. `root` is a path of this machine (Table::root_path) or the URL of an object store (Table::uri):
// both are reached through Arrow's file systems. Thread-safe.

struct DataFileOptions {
  std::int64_t row_group_rows = 1 << 20;
  int zstd_level = 1;
  bool fsync = true;
};

// Writes `rows` (without the partition columns) as one Parquet file in the folder of its partition
// ("date=2024-08-08/part-<id>.zstd.parquet"), and returns it as the log wants it, statistics included. When it returns,
// file and directories are durable (options.fsync) and the footer's row count has been checked; after an error no file of
// that name is left behind. The file belongs to no version until it is committed.
// Requires: at least one row. Errors: Invalid (no rows, a type that a table cannot hold), Unavailable (disk).
Result<DataFile> WriteDataFile(const std::string& root, const std::vector<PartitionValue>& partition, const arrow::Table& rows,
                               const DataFileOptions& options = {});
Result<DataFile> WriteDataFile(const std::string& root, const std::vector<PartitionValue>& partition,
                               const std::shared_ptr<arrow::RecordBatch>& rows, const DataFileOptions& options = {});

// Reads a data file back: the columns of `schema` in its order, those of the partition filled in from the log, those
// that the file does not have (added to the table later) as nulls.
// Errors: NotFound (vacuumed), Corrupt (not Parquet, or another row count than the log's), Unavailable.
Result<std::shared_ptr<arrow::Table>> ReadDataFile(const std::string& root, const DataFile& file,
                                                   const std::shared_ptr<arrow::Schema>& schema);

}  // namespace cryptostream
