#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

namespace cryptostream {

// The tables of the lake: where each lies below the storage root, its columns (partition columns last) and partitioning.
// docs/tables.md says what each column means.
struct TableLayout {
  std::string name;  // "bronze"
  std::string path;  // "bronze/crypto_raw"
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::vector<std::string> distinct_columns;  // texts of which hardly one comes twice
};

const TableLayout& BronzeLayout();
const TableLayout& SilverLayout();
const TableLayout& GoldLayout();
const TableLayout& GoldHourLayout();  // the rollups have gold's columns
const TableLayout& GoldDayLayout();
const TableLayout& QuarantineLayout();
const TableLayout& GapsLayout();
std::vector<const TableLayout*> AllLayouts();

// The columns that a table's data files have: all but those of the partition, which are in the log.
std::shared_ptr<arrow::Schema> FileSchema(const TableLayout& layout);

}  // namespace cryptostream
