// The tables of the lake as Arrow sees them, out of the table of columns (market/table_columns.h).
#include "market/schema.h"

#include <arrow/api.h>

#include <algorithm>

#include "market/table_columns.h"

namespace cryptostream {
namespace {

template <class Columns>
TableLayout MakeLayout(std::string name, std::string path, const Columns& columns, std::vector<std::string> distinct = {}) {
  TableLayout layout{
      .name = std::move(name), .path = std::move(path), .former_path = {}, .distinct_columns = std::move(distinct)};
  arrow::FieldVector fields;
  ForEachColumn(columns, [&](const auto& column) {
    layout.columns.push_back(column.info);
    fields.push_back(arrow::field(std::string(column.info.name), ArrowType(column.info.type)));
    if (column.info.role == ColumnRole::kPartition) layout.partition_columns.emplace_back(column.info.name);
  });
  layout.schema = arrow::schema(std::move(fields));
  return layout;
}

// The table of every source's windows: it lay where the chosen ones lie now.
TableLayout OfSources(std::string name, const TableLayout& chosen) {
  std::string file = chosen.path.substr(chosen.path.rfind('/') + 1);
  TableLayout layout = MakeLayout(std::move(name), "gold/sources/" + file, kGoldColumns);
  layout.former_path = chosen.path;
  return layout;
}

}  // namespace

std::shared_ptr<arrow::DataType> ArrowType(ColumnType type) {
  static const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  static const auto window = arrow::struct_({arrow::field("start", utc), arrow::field("end", utc)});
  switch (type) {
    case ColumnType::kString: return arrow::utf8();
    case ColumnType::kBinary: return arrow::binary();
    case ColumnType::kInt: return arrow::int32();
    case ColumnType::kLong: return arrow::int64();
    case ColumnType::kDouble: return arrow::float64();
    case ColumnType::kDate: return arrow::date32();
    case ColumnType::kTimestamp: return utc;
    case ColumnType::kWindow: return window;
  }
  return nullptr;
}

const TableLayout& BronzeLayout() {
  static const TableLayout layout = MakeLayout("bronze", "bronze/crypto_raw", kBronzeColumns, {"value"});
  return layout;
}

const TableLayout& SilverLayout() {
  static const TableLayout layout = MakeLayout("silver", "silver/crypto_transformed", kSilverColumns);
  return layout;
}

const TableLayout& SourcesLayout() {
  static const TableLayout layout = OfSources("gold_sources", GoldLayout());
  return layout;
}

const TableLayout& SourcesHourLayout() {
  static const TableLayout layout = OfSources("gold_sources_1h", GoldHourLayout());
  return layout;
}

const TableLayout& SourcesDayLayout() {
  static const TableLayout layout = OfSources("gold_sources_1d", GoldDayLayout());
  return layout;
}

const TableLayout& GoldLayout() {
  static const TableLayout layout = MakeLayout("gold", "gold/crypto_metrics_1m", kGoldColumns);
  return layout;
}

const TableLayout& GoldHourLayout() {
  static const TableLayout layout = MakeLayout("gold_1h", "gold/crypto_metrics_1h", kGoldColumns);
  return layout;
}

const TableLayout& GoldDayLayout() {
  static const TableLayout layout = MakeLayout("gold_1d", "gold/crypto_metrics_1d", kGoldColumns);
  return layout;
}

const TableLayout& QuarantineLayout() {
  static const TableLayout layout = MakeLayout("quarantine", "quarantine/crypto_rejected", kQuarantineColumns, {"value"});
  return layout;
}

const TableLayout& GapsLayout() {
  static const TableLayout layout = MakeLayout("gaps", "gaps/crypto_gaps", kGapColumns);
  return layout;
}

std::vector<const TableLayout*> AllLayouts() {
  return {&BronzeLayout(), &SilverLayout(),   &SourcesLayout(), &SourcesHourLayout(), &SourcesDayLayout(),
          &GoldLayout(),   &GoldHourLayout(), &GoldDayLayout(), &QuarantineLayout(),  &GapsLayout()};
}

std::shared_ptr<arrow::Schema> SchemaOfFormat(const TableLayout& layout, int format) {
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (layout.columns[i].format <= format) fields.push_back(layout.schema->field(static_cast<int>(i)));
  }
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::Schema> FileSchema(const TableLayout& layout) {
  arrow::FieldVector fields = layout.schema->fields();
  fields.resize(fields.size() - layout.partition_columns.size());  // they come last
  return arrow::schema(std::move(fields));
}

const TableLayout* FindLayout(std::string_view name) {
  auto layouts = AllLayouts();
  auto found = std::ranges::find(layouts, name, &TableLayout::name);
  return found == layouts.end() ? nullptr : *found;
}

}  // namespace cryptostream
