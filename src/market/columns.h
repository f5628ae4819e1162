#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "market/quote.h"
#include "market/raw_batch.h"
#include "market/schema.h"
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
// Bronze's columns are the batches' own memory, which they keep alive.
Result<std::vector<PartitionRows>> BronzeColumns(const DatedBatches& batches);
Result<std::vector<PartitionRows>> SilverColumns(const std::vector<Tick>& ticks);
// `length` is that of the windows: a minute, or the period of a rollup.
Result<std::vector<PartitionRows>> GoldColumns(const std::vector<GoldRow>& rows, std::chrono::minutes length = kWindow);
Result<std::vector<PartitionRows>> QuarantineColumns(const std::vector<Reject>& rejects, Timestamp now);
Result<std::vector<PartitionRows>> GapColumns(const std::vector<Gap>& gaps);

// Whether two rows are equal in every column, numbers bit for bit.
bool SameRow(const GoldRow& a, const GoldRow& b);

// From Arrow (columns found by name, partition columns not needed) to structs. Errors: Corrupt, naming the column that is missing or of
// another type. Bronze: rows of one source, topic and partition that follow each other are one batch.
Result<std::vector<RawBatchPtr>> BronzeBatches(const arrow::Table& table);
// In: the currencies of rows from before there was the column.
Result<std::vector<Tick>> Ticks(const arrow::Table& table, const SourceQuotes& quotes);
// Source, symbol and trade id only; the rest of the ticks is absent.
Result<std::vector<Tick>> TradeKeys(const arrow::Table& table);
Result<std::vector<GoldRow>> GoldRows(const arrow::Table& table, const SourceQuotes& quotes);
// Only the keys of gold's rows; the other columns need not be there.
Result<std::vector<WindowKey>> GoldKeys(const arrow::Table& table, const SourceQuotes& quotes);
// The columns of TradeKeys or GoldKeys alone.
std::shared_ptr<arrow::Schema> KeySchema(const TableLayout& layout);

}  // namespace cryptostream
