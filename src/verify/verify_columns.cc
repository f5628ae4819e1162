// A table of windows against what it should hold, column by column. In: the rows found (table `found_window`) and those wanted (table `want`),
// both by (window, coin, source, quote). Out: SQL whose rows name the table's file and row, the window, and each column that differs.
#include <fmt/format.h>

#include "delta/table.h"
#include "market/table_columns.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr const char* kTolerance = "1.8e-15";  // 8 ulps

// The columns that are compared: all but the key, which pairs the rows. Bit for bit, within kTolerance, or within it where
// a window's sums are loose (verify_windows.cc says why).
std::vector<ColumnInfo> Compared() {
  std::vector<ColumnInfo> compared;
  ForEachColumn(kGoldColumns, [&](const auto& column) {
    if (column.info.role == ColumnRole::kValue) compared.push_back(column.info);
  });
  return compared;
}

consteval bool AllStated() {
  bool stated = true;
  ForEachColumn(kGoldColumns, [&](const auto& column) {
    stated = stated && (column.info.role != ColumnRole::kValue || column.info.exactness != Exactness::kUnstated);
  });
  return stated;
}
static_assert(AllStated(), "a column of gold does not say how exactly it is compared");

std::string ColumnTexts(const WindowTables& tables) {
  std::string texts = "CASE WHEN g.misplaced <> 0 THEN 'window is not one whole period' END";
  for (const ColumnInfo& column : Compared()) {
    std::string want = fmt::format("w.{}", column.name), found = fmt::format("g.{}", column.name);
    std::string bits = fmt::format("{} IS DISTINCT FROM {}", want, found);
    std::string far = fmt::format("coalesce(abs({0} - {1}) > {2} * abs({0}), {3})", want, found, kTolerance, bits);
    std::string sums = fmt::format("CASE WHEN w.loose THEN {} ELSE {} END", far, bits);
    const bool rounded_twice = tables.rounded_twice;
    std::string differs = column.exactness == Exactness::kBits || tables.copied ? bits
                          : column.exactness == Exactness::kTolerance           ? far
                                                                                : sums;
    if (rounded_twice && (column.name == "avg_price" || column.name == "range_pct")) {
      differs = fmt::format("({}) AND {} IS DISTINCT FROM w.{}_twice", differs, found, column.name);
    }
    if (rounded_twice && column.name == "vwap") differs = far;
    texts += fmt::format(
        ", CASE WHEN {} THEN format('{} is {{}} instead of {{}}', coalesce({}::VARCHAR, 'null'), coalesce({}::VARCHAR, 'null')) "
        "END",
        differs, column.name, found, want);
  }
  return "list_filter([" + texts + "], lambda t: t IS NOT NULL)";
}

}  // namespace

int FormatOf(const TableLog& log) {
  const DescribingAction* metadata = LatestAt(log.metadata, log.version);
  return metadata == nullptr ? kTableFormat : FormatIn(*metadata);
}

bool RoundsTwice(const TableLog& gold, const Positions& positions) {
  if (FormatOf(gold) < kMeansRoundedOnce) return true;
  return PositionOr(positions, UpgradedId(kMeansRoundedOnce), kUpgraded) != kUpgraded;
}

std::string ComparedColumns() {
  std::string columns;
  for (const ColumnInfo& column : Compared()) {
    bool is_time = column.type == ColumnType::kTimestamp;
    columns += is_time ? fmt::format(", epoch_us({0}) AS {0}", column.name) : fmt::format(", {}", column.name);
  }
  return columns;
}

std::string FoundWindows(const WindowTables& tables) {
  std::string columns = ComparedColumns();
  return fmt::format(
      "SELECT path, version, file_row_number, coalesce(epoch_us(\"window\".start) // {0}, -1) AS m, "
      "abs(epoch_us(\"window\".start) % {0}) + abs(epoch_us(\"window\".\"end\") - epoch_us(\"window\".start) - {0}) AS "
      "misplaced, "
      "coalesce(coin_id, '(null)') AS coin_id, coalesce(source, '(null)') AS source, {5} AS quote{1} FROM found_row WHERE "
      "coalesce(epoch_us(\"window\".start) >= {2}, true) AND coalesce(epoch_us(\"window\".start) < {3}, {4})",
      tables.step_us, columns, tables.whole_from_us, tables.until_us, tables.until_us == INT64_MAX, tables.quote_sql);
}

std::string WindowComparison(const WindowTables& tables, const std::string& pairs) {
  return fmt::format(R"(SELECT m, coin_id, source, quote, v, CASE WHEN samples IS NULL AND path IS NULL THEN NULL
      WHEN samples IS NULL THEN format('{0} version={{}} file={{}} row={{}} window={{}} coin={{}} source={{}} quote={{}}: {1} has no such closed window',
        version, path, row, make_timestamp(m * {2}), coin_id, source, quote)
      WHEN path IS NULL THEN format('{1} window={{}} coin={{}} source={{}} quote={{}}: {0} has no row for its {{}} samples', make_timestamp(m * {2}),
        coin_id, source, quote, samples)
      WHEN len(texts) > 0 THEN format('{0} version={{}} file={{}} row={{}} window={{}} coin={{}} source={{}} quote={{}}: {{}}', version, path, row,
        make_timestamp(m * {2}), coin_id, source, quote, list_aggregate(texts, 'string_agg', ', ')) END AS place
    FROM (SELECT m, coin_id, source, quote, v, w.samples AS samples, g.path AS path, g.version AS version, g.file_row_number AS row, {3} AS texts
      FROM ({4}) pairs LEFT JOIN want w USING (v, m, coin_id, source, quote) LEFT JOIN found_window g USING (m, coin_id, source, quote)))",
                     tables.table, tables.upstream, tables.step_us, ColumnTexts(tables), pairs);
}

std::string DoubledWindows(const WindowTables& tables) {
  if (tables.rows == RowPer::kCoin) {
    return fmt::format(
        "SELECT format('{} version={{}} file={{}} row={{}} window={{}} coin={{}}: the window has {{}} rows', max(version), "
        "arg_max(path, version), arg_max(file_row_number, version), make_timestamp(m * {}), coin_id, count(*)) "
        "FROM found_window GROUP BY m, coin_id HAVING count(*) > 1 ORDER BY m",
        tables.table, tables.step_us);
  }
  return fmt::format(
      "SELECT format('{} version={{}} file={{}} row={{}} window={{}} coin={{}} source={{}} quote={{}}: the window has {{}} "
      "rows', "
      "max(version), "
      "arg_max(path, version), arg_max(file_row_number, version), make_timestamp(m * {}), coin_id, source, quote, count(*)) FROM "
      "found_window "
      "GROUP BY m, coin_id, source, quote HAVING count(*) > 1 ORDER BY m",
      tables.table, tables.step_us);
}

Result<std::vector<Difference>> DifferingWindows(const Duck& duck, const WindowTables& tables, Version v) {
  std::string pairs = fmt::format(
      "SELECT {}::BIGINT AS v, * FROM (SELECT m, coin_id, source, quote FROM want UNION "
      "SELECT m, coin_id, source, quote FROM found_window)",
      v);
  CS_ASSIGN(SqlRows rows, duck.Query("SELECT m, coin_id, source, quote, place FROM (" + WindowComparison(tables, pairs) +
                                         ") WHERE place IS NOT NULL ORDER BY m, coin_id, source, quote",
                                     {}, Patient()));
  std::vector<Difference> found;
  for (const auto& row : rows.rows) found.push_back({WindowTuple(row), SqlValueText(row[4])});
  return found;
}

std::string WindowTuple(const std::vector<SqlValue>& row) {
  return fmt::format("({}, {}, {}, {})", SqlValueText(row[0]), SqlText(SqlValueText(row[1])), SqlText(SqlValueText(row[2])),
                     SqlText(SqlValueText(row[3])));
}

}  // namespace cryptostream
