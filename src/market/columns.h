#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "market/raw_batch.h"
#include "market/tick.h"
#include "market/window.h"

namespace cryptostream {

// Rows of one partition of a table: its values in the order of the layout's partition columns ("2024", "8", "8"), and the
// rows without the partition columns.
struct PartitionRows {
  std::vector<std::string> partition;
  std::shared_ptr<arrow::Table> rows;
};

// From structs to Arrow, split by partition. Out: partitions in ascending order, rows in the order given (gold and silver:
// as given by the caller). Errors: Internal, when Arrow has no memory.
Result<std::vector<PartitionRows>> BronzeColumns(const std::vector<RawBatch>& batches);
Result<std::vector<PartitionRows>> SilverColumns(const std::vector<Tick>& ticks);
Result<std::vector<PartitionRows>> GoldColumns(const std::vector<GoldRow>& rows);
Result<std::vector<PartitionRows>> QuarantineColumns(const std::vector<Reject>& rejects, Timestamp now);
Result<std::vector<PartitionRows>> GapColumns(const std::vector<Gap>& gaps);

// One bronze row as silver reads it.
struct BronzeRow {
  std::string value;
  Timestamp received;
  Name source;
  std::string topic;
  std::int32_t partition;
  std::int64_t offset;
};

// From Arrow (columns found by name, partition columns not needed) to structs. Errors: Corrupt, naming the column that is missing or of
// another type.
Result<std::vector<BronzeRow>> BronzeRows(const arrow::Table& table);
Result<std::vector<Tick>> Ticks(const arrow::Table& table);
Result<std::vector<GoldRow>> GoldRows(const arrow::Table& table);

}  // namespace cryptostream
