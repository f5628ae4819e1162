// From structs to Arrow columns, split by partition: the rows of each table as Parquet gets them, column by column as the
// table of columns says (market/table_columns.h). Bronze is in bronze_columns.cc: its batches are columns already.
#include "market/columns.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <span>

#include "base/threads.h"
#include "market/column_writer.h"
#include "market/schema.h"
#include "market/table_columns.h"

namespace cryptostream {
namespace {

std::optional<std::string_view> TextOrNull(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::vector<std::string> DateValue(Date date) { return {FormatDate(date)}; }

std::vector<std::string> YearMonthDay(Date date) {
  std::chrono::year_month_day ymd(date);
  return {std::to_string(int(ymd.year())), std::to_string(unsigned(ymd.month())), std::to_string(unsigned(ymd.day()))};
}

using Indices = std::vector<std::size_t>;

// Groups row numbers by day; almost always there is one group.
template <class TimeOfRow>
std::map<Date, Indices> GroupByDay(std::size_t rows, TimeOfRow time_of_row) {
  std::map<Date, Indices> groups;
  Indices* last = nullptr;
  Timestamp begin, end;  // of the day of the row before
  for (std::size_t i = 0; i < rows; ++i) {
    Timestamp time = time_of_row(i);
    if (!last || time < begin || time >= end) {
      begin = Timestamp(DateOf(time));
      end = begin + std::chrono::days(1);
      last = &groups[DateOf(time)];
      if (groups.size() == 1) last->reserve(rows);
    }
    last->push_back(i);
  }
  return groups;
}

template <class Values, class Build>
Result<std::vector<PartitionRows>> PerPartition(const std::map<Date, Indices>& groups, Values partition_values, Build build) {
  std::vector<PartitionRows> out;
  for (const auto& [date, indices] : groups) {
    CS_ASSIGN(auto rows, build(indices));
    out.push_back({partition_values(date), std::move(rows)});
  }
  return out;
}

// Of each column of names the names in it; the other columns' stay empty.
template <class Columns>
using NamesOf = std::array<NameDictionary, std::tuple_size_v<Columns>>;

template <class Row, class Columns>
Result<NamesOf<Columns>> CollectNames(const Columns& columns, const std::vector<Row>& rows, const Indices& at) {
  NamesOf<Columns> names;
  for (std::size_t i : at) {
    ForEachColumnAt(columns, [&]<std::size_t I, class Each>(const Each&) {
      if constexpr (Each::kStored) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(Each::Of(rows[i]))>, Name>) names[I].Add(Each::Of(rows[i]));
      }
    });
  }
  for (NameDictionary& each : names) {
    if (arrow::Status done = each.Finish(); !done.ok()) return std::unexpected(FromArrow(done));
  }
  return names;
}

arrow::Result<std::shared_ptr<arrow::Array>> WindowColumn(const std::vector<Timestamp>& starts, std::chrono::minutes length) {
  auto type = ArrowType(ColumnType::kWindow);
  arrow::ArrayVector fields;
  for (std::chrono::minutes after : {std::chrono::minutes(0), length}) {
    arrow::TimestampBuilder builder(type->field(0)->type(), arrow::default_memory_pool());
    ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<std::int64_t>(starts.size())));
    for (Timestamp start : starts) builder.UnsafeAppend(ToMicros(start + after));
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    fields.push_back(std::move(array));
  }
  return std::make_shared<arrow::StructArray>(type, static_cast<std::int64_t>(starts.size()), fields);
}

// What a row has in a column as the writer takes it; absent is what stands for null in the row.
Timestamp Written(Timestamp value) { return value; }
Timestamp Written(const std::optional<Timestamp>& value) { return value.value_or(kNoTime); }
std::optional<std::int32_t> Written(std::int32_t value) { return value; }
std::optional<std::int64_t> Written(std::int64_t value) { return value; }
const std::optional<std::int64_t>& Written(const std::optional<std::int64_t>& value) { return value; }
std::optional<std::string_view> Written(const std::string& value) { return TextOrNull(value); }

// value(i): what row i has in the column.
template <class Value>
void Write(ColumnWriter& writer, const ColumnInfo& info, const NameDictionary& names, Value value, std::size_t rows,
           std::chrono::minutes length) {
  using Of = std::remove_cvref_t<decltype(value(0))>;
  if constexpr (std::is_same_v<Of, Name>) {
    writer.Names(names, value);
  } else if constexpr (std::is_same_v<Of, std::string>) {
    if (info.type != ColumnType::kBinary) return writer.Strings([&](std::size_t i) { return Written(value(i)); });
    writer.Strings<arrow::BinaryBuilder>([&](std::size_t i) { return std::optional<std::string_view>(value(i)); });
  } else if constexpr (std::is_same_v<Of, double>) {
    writer.Doubles(value);
  } else if constexpr (ColumnTypeOf<Of>() == ColumnType::kTimestamp) {
    if (info.type != ColumnType::kWindow) return writer.Times([&](std::size_t i) { return Written(value(i)); });
    std::vector<Timestamp> starts(rows);
    for (std::size_t i = 0; i < rows; ++i) starts[i] = Written(value(i));
    writer.Add(WindowColumn(starts, length));
  } else {
    using Integer = std::conditional_t<ColumnTypeOf<Of>() == ColumnType::kInt, std::int32_t, std::int64_t>;
    writer.Integers<Integer>([&](std::size_t i) { return Written(value(i)); });
  }
}

template <class Row>
bool HasBars(const std::vector<Row>& rows, std::span<const std::size_t> at) {
  if constexpr (std::is_same_v<Row, Tick>) {
    return std::ranges::any_of(at, [&](std::size_t i) { return rows[i].is_bar(); });
  }
  return false;
}

template <class Row, class Columns>
Result<std::shared_ptr<arrow::Table>> WriteRows(const TableLayout& layout, const Columns& columns, const std::vector<Row>& rows,
                                                std::span<const std::size_t> at, const NamesOf<Columns>& names,
                                                std::chrono::minutes length = kWindow) {
  ColumnWriter writer(*layout.schema, layout.columns.size() - layout.partition_columns.size(), at.size());
  const bool bars = HasBars(rows, at);
  ForEachColumnAt(columns, [&]<std::size_t I, class Each>(const Each& column) {
    if (column.info.of_bars && !bars) return writer.Nulls();
    if constexpr (!std::is_same_v<Each, OtherColumn>) {
      Write(
          writer, column.info, names[I], [&](std::size_t i) -> decltype(auto) { return Each::Of(rows[at[i]]); }, at.size(),
          length);
    } else if (column.info.role != ColumnRole::kPartition) {
      writer.Nulls();
    }
  });
  return writer.Done();
}

// In blocks, side by side: a column after the other goes over rows that are still in the core's cache.
template <class Row, class Columns>
Result<std::shared_ptr<arrow::Table>> TableOf(const TableLayout& layout, const Columns& columns, const std::vector<Row>& rows,
                                              const Indices& at, std::chrono::minutes length = kWindow) {
  constexpr std::size_t kBlock = 8192;
  CS_ASSIGN(auto names, CollectNames(columns, rows, at));
  CS_ASSIGN(auto blocks, AllSideBySide<std::shared_ptr<arrow::Table>>((at.size() + kBlock - 1) / kBlock, [&](std::size_t i) {
              return WriteRows(layout, columns, rows, std::span(at).subspan(i * kBlock, std::min(kBlock, at.size() - i * kBlock)),
                               names, length);
            }));
  auto whole = arrow::ConcatenateTables(blocks);
  if (!whole.ok()) return std::unexpected(FromArrow(whole.status()));
  return *std::move(whole);
}

template <class Value>
bool SameValue(const Value& a, const Value& b) {
  if constexpr (std::is_same_v<Value, double>) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (IsNull(a) && IsNull(b));
  } else {
    return a == b;
  }
}

}  // namespace

Result<std::vector<PartitionRows>> SilverColumns(const std::vector<Tick>& ticks) {
  auto groups = GroupByDay(ticks.size(), [&](std::size_t i) { return ticks[i].event_time; });
  return PerPartition(groups, YearMonthDay,
                      [&](const Indices& at) { return TableOf(SilverLayout(), kSilverColumns, ticks, at); });
}

Result<std::vector<PartitionRows>> GoldColumns(const std::vector<GoldRow>& rows, std::chrono::minutes length) {
  auto groups = GroupByDay(rows.size(), [&](std::size_t i) { return rows[i].key.start; });
  return PerPartition(groups, DateValue,
                      [&](const Indices& at) { return TableOf(GoldLayout(), kGoldColumns, rows, at, length); });
}

Result<std::vector<PartitionRows>> QuarantineColumns(const std::vector<Reject>& rejects, Timestamp now) {
  auto groups = GroupByDay(rejects.size(), [&](std::size_t) { return now; });
  return PerPartition(groups, DateValue,
                      [&](const Indices& at) { return TableOf(QuarantineLayout(), kQuarantineColumns, rejects, at); });
}

Result<std::vector<PartitionRows>> GapColumns(const std::vector<Gap>& gaps) {
  auto groups = GroupByDay(gaps.size(), [&](std::size_t i) { return gaps[i].detected_at; });
  return PerPartition(groups, DateValue, [&](const Indices& at) { return TableOf(GapsLayout(), kGapColumns, gaps, at); });
}

bool SameRow(const GoldRow& a, const GoldRow& b) {
  bool same = true;
  ForEachColumn(kGoldColumns, [&]<class Each>(const Each&) {
    if constexpr (Each::kStored) same = same && SameValue(Each::Of(a), Each::Of(b));
  });
  return same;
}

}  // namespace cryptostream
