#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "market/column.h"

namespace cryptostream {

// The tables of the lake: where each lies below the storage root, its columns (partition columns last) and partitioning.
struct TableLayout {
  std::string name;         // "bronze"
  std::string path;         // "bronze/crypto_raw"
  std::string former_path;  // where it lay up to format 2 (delta/lake_place.h); empty: there too
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  std::vector<std::string> distinct_columns;  // texts of which hardly one comes twice
  std::vector<ColumnInfo> columns;            // what the schema is made of
};

const TableLayout& BronzeLayout();
const TableLayout& SilverLayout();
// The windows of every source and currency, and their rollups; gold's columns.
const TableLayout& SourcesLayout();
const TableLayout& SourcesHourLayout();
const TableLayout& SourcesDayLayout();
// The one chosen row a coin and window (market/source_order.h), and its rollups.
const TableLayout& GoldLayout();
const TableLayout& GoldHourLayout();
const TableLayout& GoldDayLayout();
const TableLayout& QuarantineLayout();
const TableLayout& GapsLayout();
std::vector<const TableLayout*> AllLayouts();
// The table of a name ("gold_1h"); null: there is none.
const TableLayout* FindLayout(std::string_view name);

// The columns that a table of a format has (cryptostream.format): those that came later are null where they are asked for by name.
std::shared_ptr<arrow::Schema> SchemaOfFormat(const TableLayout& layout, int format);

// The columns that a table's data files have: all but those of the partition, which are in the log.
std::shared_ptr<arrow::Schema> FileSchema(const TableLayout& layout);

std::shared_ptr<arrow::DataType> ArrowType(ColumnType type);

}  // namespace cryptostream
