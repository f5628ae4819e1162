#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/time.h"
#include "market/name.h"

namespace cryptostream {

// kWindow is struct<start timestamp, end timestamp>.
enum class ColumnType { kString, kBinary, kInt, kLong, kDouble, kDate, kTimestamp, kWindow };

// A partition column is not in the data files: the log has its values.
enum class ColumnRole { kValue, kKey, kPartition };

// How near the column comes to what verify computes in its own way (verify/verify_columns.cc): the same bits; the same
// bits unless a window's sums do not fit into 128; a few ulps.
enum class Exactness { kUnstated, kBits, kSums, kTolerance };

// What there is to say of a column.
struct ColumnInfo {
  std::string_view name;
  ColumnType type;
  std::string_view meaning;  // a line of docs/tables.md
  ColumnRole role = ColumnRole::kValue;
  Exactness exactness = Exactness::kUnstated;
  bool of_bars = false;  // null in every row that is no bar
  int format = 1;        // of tables (delta/table.h), with which it came: those of an earlier one do not have it
};

// A column that lies in the program's own row, at the end of a path of members: Column<&GoldRow::key, &WindowKey::coin>.
template <auto... kPath>
struct Column {
  ColumnInfo info;
  static constexpr bool kStored = true;
  static constexpr const auto& Of(const auto& row) { return (row.*....*kPath); }
  static constexpr auto& Of(auto& row) { return (row.*....*kPath); }
};

// A column that is written as `kValueOf(row)` and not read back.
template <auto kValueOf>
struct ComputedColumn {
  ColumnInfo info;
  static constexpr bool kStored = false;
  static constexpr auto Of(const auto& row) { return kValueOf(row); }
};

// A column of which the program's row knows nothing: one of the partition, of a table that is written in another way, or one that
// is null in every row so far.
struct OtherColumn {
  ColumnInfo info;
  static constexpr bool kStored = false;
};

// The type of the column that holds such values.
template <class Value>
consteval ColumnType ColumnTypeOf() {
  if constexpr (std::is_same_v<Value, double>) return ColumnType::kDouble;
  if constexpr (std::is_same_v<Value, std::int32_t>) return ColumnType::kInt;
  if constexpr (std::is_same_v<Value, std::int64_t> || std::is_same_v<Value, std::optional<std::int64_t>>) {
    return ColumnType::kLong;
  }
  if constexpr (std::is_same_v<Value, Timestamp> || std::is_same_v<Value, std::optional<Timestamp>>) {
    return ColumnType::kTimestamp;
  }
  if constexpr (std::is_same_v<Value, Name> || std::is_same_v<Value, std::string>) return ColumnType::kString;
}

template <class Member>
struct MemberOf;
template <class Class, class Value>
struct MemberOf<Value Class::*> {
  using type = Value;
};
// What the last member of a path holds.
template <auto... kPath>
using ValueAt = std::tuple_element_t<sizeof...(kPath) - 1, std::tuple<typename MemberOf<decltype(kPath)>::type...>>;

// The makers of a table's columns.
template <auto... kPath>
consteval Column<kPath...> Value(std::string_view name, std::string_view meaning, Exactness exactness = Exactness::kUnstated,
                                 ColumnType type = ColumnTypeOf<ValueAt<kPath...>>()) {
  return {{name, type, meaning, ColumnRole::kValue, exactness}};
}
template <auto... kPath>
consteval Column<kPath...> Key(std::string_view name, std::string_view meaning,
                               ColumnType type = ColumnTypeOf<ValueAt<kPath...>>()) {
  return {{name, type, meaning, ColumnRole::kKey}};
}
consteval OtherColumn Partition(std::string_view name, ColumnType type, std::string_view meaning) {
  return {{name, type, meaning, ColumnRole::kPartition}};
}

consteval auto OfBars(auto column) {
  column.info.of_bars = true;
  return column;
}

// The column, of tables of this format and later ones.
consteval auto Since(int format, auto column) {
  column.info.format = format;
  return column;
}

// Calls `visit(column)` for each column of a table, or `visit.template operator()<I>(column)` with its place.
template <class Columns, class Visit>
constexpr void ForEachColumn(const Columns& columns, Visit visit) {
  std::apply([&](const auto&... column) { (visit(column), ...); }, columns);
}
template <class Columns, class Visit>
constexpr void ForEachColumnAt(const Columns& columns, Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit.template operator()<I>(std::get<I>(columns)), ...);
  }(std::make_index_sequence<std::tuple_size_v<Columns>>());
}

// What the columns of a table take in its row. Equal to the row's size where no member is without a column.
template <class Row, class Columns>
consteval std::size_t BytesOfColumns(const Columns& columns) {
  std::size_t bytes = 0;
  ForEachColumn(columns, [&]<class Each>(const Each&) {
    if constexpr (Each::kStored) bytes += sizeof(Each::Of(std::declval<const Row&>()));
  });
  return (bytes + alignof(Row) - 1) / alignof(Row) * alignof(Row);
}

}  // namespace cryptostream
