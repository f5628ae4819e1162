#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "delta/file_hold.h"
#include "delta/snapshot.h"

namespace cryptostream {

// Data files of a table. `root` is a path of this machine (Table::root_path) or the URL of an object store (Table::uri):
// both are reached through Arrow's file systems. Thread-safe.

// Key in a Parquet footer: the columns by which the rows are sorted.
inline constexpr const char* kSortedByKey = "cryptostream.sorted_by";

struct DataFileOptions {
  std::int64_t row_group_rows = 1 << 20;
  int zstd_level = 1;
  bool fsync = true;
  std::vector<std::string> distinct_columns;  // texts of which hardly one comes twice: no dictionary, no bounds in the footer
  FileHold* hold = nullptr;                   // keeps vacuum away until the commit is decided
  std::string sorted_by;                      // written into the footer: what the rows are sorted by
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

// A data file that is written piece by piece, each piece a row group, so that memory holds one piece. Abandoned without Finish, it
// leaves nothing behind.
class DataFileWriter {
 public:
  // Errors: as of WriteDataFile.
  static Result<std::unique_ptr<DataFileWriter>> Open(const std::string& root, const std::vector<PartitionValue>& partition,
                                                      const std::shared_ptr<arrow::Schema>& schema,
                                                      const DataFileOptions& options);
  ~DataFileWriter();
  Status Write(const arrow::Table& rows);
  // Bytes on the disk so far.
  std::int64_t size_bytes() const;
  // Closes the file and makes it durable under its name. Requires: at least one row.
  Result<DataFile> Finish();

 private:
  struct Impl;
  explicit DataFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads a data file back: the columns of `schema` in its order, those of the partition filled in from the log, those
// that the file does not have (added to the table later) as nulls.
// Errors: NotFound (vacuumed), Corrupt (not Parquet, or another row count than the log's), Unavailable.
Result<std::shared_ptr<arrow::Table>> ReadDataFile(const std::string& root, const DataFile& file,
                                                   const std::shared_ptr<arrow::Schema>& schema);

// The same piece by piece, with a bounded number of rows in memory.
class DataFileReader {
 public:
  // Errors: as of ReadDataFile.
  static Result<std::unique_ptr<DataFileReader>> Open(const std::string& root, const DataFile& file,
                                                      const std::shared_ptr<arrow::Schema>& schema, std::int64_t piece_rows);
  ~DataFileReader();
  // The next rows; null at the end. Errors: Corrupt (at the end: another row count than the log's), Unavailable.
  Result<std::shared_ptr<arrow::Table>> Next();
  // What the footer says the rows are sorted by (DataFileOptions::sorted_by); empty if nothing.
  const std::string& sorted_by() const;
  // About the memory that all rows would take.
  std::int64_t decoded_bytes() const;

 private:
  struct Impl;
  explicit DataFileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cryptostream
