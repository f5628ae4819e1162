// Gold as a function of silver. In: gold pinned, and silver at the version that gold names. Out: whether each closed window has exactly
// one row and every column of it is what silver's rows give (verify_windows.cc).
//
// While late rows wait to be worked in (`corrected` behind what gold has read), a window that they touch may still be as it was at an
// earlier version of silver. Only such a window is computed again at each version in between; it must be equal to one of them.
//
// A large table is compared in slices of event time, each within the memory that DuckDB has: the state of an aggregate cannot be spilled, and
// a year of ten coins has five million windows.
#include <fmt/format.h>

#include <algorithm>

#include "delta/position.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

struct GoldState {
  Version consumed = kNoVersion, corrected = kNoVersion;
  std::string closed;  // VALUES of (source, microseconds)
  WindowTables tables{.table = "gold", .upstream = "silver"};
};

Result<GoldState> StateOf(const TableLog& silver, const Positions& positions) {
  GoldState state;
  CS_ASSIGN(Positions upstream, silver.PositionsAt(silver.version));
  state.tables.whole_from_us = WholeFromMicros(positions, upstream);
  state.consumed = PositionOr(positions, GoldPositionId(silver.table_id), kNoVersion);
  state.corrected = PositionOr(positions, CorrectedId(silver.table_id), kNoVersion);
  for (const auto& [id, position] : positions) {
    if (!id.starts_with(ClosedId(""))) continue;
    state.closed +=
        fmt::format("{}({}, {}::BIGINT)", state.closed.empty() ? "" : ", ", SqlText(id.substr(ClosedId("").size())), position);
  }
  if (state.closed.empty()) state.closed = "('', 0::BIGINT)";
  return state;
}

// The upper bound of a slice; both bounds also on the column itself, so that row groups beside the slice are not read.
std::string SliceFilter(const WindowTables& tables) {
  if (tables.until_us == INT64_MAX) return "";
  return fmt::format(
      " AND us < {1} AND s.api_timestamp >= to_timestamp({0} // 1000000) AND s.api_timestamp < to_timestamp({1} // 1000000)",
      tables.whole_from_us, tables.until_us);
}

// Silver's rows of closed windows, as `tick`. In: more of its FROM clause, and the column that keeps computations apart.
std::string TickView(const GoldState& state, const std::string& v, const std::string& join, const std::string& where) {
  return fmt::format(
      "CREATE VIEW tick AS SELECT {} AS v, version, s.source, s.coin_id, us, price, quantity, trade_id, volume_24h, market_cap, "
      "last_updated FROM (SELECT *, epoch_us(api_timestamp) AS us FROM silver_row) s "
      "JOIN (VALUES {}) closed(source, until) USING (source) {} WHERE (us // 60000000 + 1) * 60000000 <= until "
      "AND us // 60000000 * 60000000 >= {} AND (NOT data_change OR version <= {}){}{}",
      v, state.closed, join, state.tables.whole_from_us, state.consumed, where, SliceFilter(state.tables));
}

Result<std::vector<std::string>> Rows(const PinnedTables& tables) {
  std::vector<std::string> setup;
  for (const auto& [name, rows_name] : {std::pair("silver", "silver"), std::pair("gold", "found")}) {
    const TableLog& log = tables.at(name);
    CS_ASSIGN(std::vector<std::string> rows, RowSetup(log, log.version, rows_name));
    setup.insert(setup.end(), rows.begin(), rows.end());
  }
  return setup;
}

// Cuts event time into slices of whole days with about kRowsASlice rows of silver each; a small lake is one slice. The last has no end.
Result<std::vector<WindowTables>> SlicesOf(const PinnedTables& tables, const WindowTables& whole) {
  constexpr std::int64_t kRowsASlice = 100'000, kDayUs = 86'400'000'000;
  CS_ASSIGN(std::vector<std::string> setup, Rows(tables));
  CS_ASSIGN(auto duck, OpenRows(tables, std::move(setup)));
  CS_ASSIGN(std::int64_t rows, Number(*duck, "SELECT count(*) FROM silver_row"));
  if (rows <= kRowsASlice) return std::vector{whole};
  CS_ASSIGN(std::int64_t first, Number(*duck, "SELECT epoch_us(min(api_timestamp)) FROM silver_row"));
  CS_ASSIGN(std::int64_t last, Number(*duck, "SELECT epoch_us(max(api_timestamp)) FROM silver_row"));
  first = std::max(first, whole.whole_from_us) / kDayUs * kDayUs;
  std::int64_t step = std::max<std::int64_t>(1, ((last - first) / kDayUs + 1) * kRowsASlice / rows) * kDayUs;
  std::vector<WindowTables> slices{whole};
  for (std::int64_t at = first + step; at <= last; at += step) {
    slices.back().until_us = at;
    slices.push_back(whole);
    slices.back().whole_from_us = at;
  }
  return slices;
}

Result<std::unique_ptr<Duck>> Open(const PinnedTables& tables, const GoldState& state, const std::string& ticks) {
  CS_ASSIGN(std::vector<std::string> setup, Rows(tables));
  setup.push_back(WindowView(state.tables));
  setup.push_back(ticks);
  for (std::string& statement : WindowSetup()) setup.push_back(std::move(statement));
  return OpenRows(tables, std::move(setup));
}

// Takes out the windows that are as they were at a version from `corrected` on. Out: how many wait.
Result<std::size_t> ExcuseWaiting(const PinnedTables& tables, const GoldState& state, std::vector<Difference>& differences) {
  std::string keys;
  for (const Difference& difference : differences) keys += (keys.empty() ? "" : ", ") + difference.key;
  std::string wanted = "(SELECT * FROM (VALUES " + keys + ") AS wanted(m, coin_id, source))";
  std::string versions = fmt::format(
      "(SELECT DISTINCT version AS v FROM silver_file WHERE data_change AND version > {0} AND version < {1} "
      "UNION SELECT {0}::BIGINT)",
      state.corrected, state.consumed);
  std::string ticks =
      TickView(state, "versions.v", "CROSS JOIN " + versions + " versions",
               " AND (NOT data_change OR version <= versions.v) AND (us // 60000000, s.coin_id, s.source) IN " + wanted);
  CS_ASSIGN(auto duck, Open(tables, state, ticks));
  std::string pairs = "SELECT * FROM " + wanted + " CROSS JOIN " + versions;
  CS_ASSIGN(SqlRows rows, duck->Query("SELECT DISTINCT m, coin_id, source FROM (" + WindowComparison(state.tables, pairs) +
                                          ") WHERE place IS NULL",
                                      {}, Patient()));
  for (const auto& row : rows.rows) {
    std::erase_if(differences, [key = WindowTuple(row)](const Difference& difference) { return difference.key == key; });
  }
  return rows.rows.size();
}

Check CheckLineage(const TableLog& silver, const TableLog& gold, const Positions& positions, const GoldState& state) {
  Check check{"gold: its position is one of silver", true, "", {}};
  for (const auto& [id, value] : positions) {
    if (!id.starts_with(AppId("gold/")) || id == GoldPositionId(silver.table_id)) continue;
    Wrong(check, fmt::format("gold version={} position={}: it is of another silver, this one has the id {}", gold.version, id,
                             silver.table_id));
  }
  if (state.consumed > silver.version) {
    Wrong(check, fmt::format("gold version={}: it has read silver up to {}, which ends at {}", gold.version, state.consumed,
                             silver.version));
  }
  if (state.corrected > state.consumed) {
    Wrong(check, fmt::format("gold version={}: late rows are worked in up to {}, but read up to {}", gold.version,
                             state.corrected, state.consumed));
  }
  check.detail = fmt::format("gold version {} has read silver up to {} of {}", gold.version, state.consumed, silver.version);
  return check;
}

}  // namespace

Result<std::vector<Check>> CheckGold(const PinnedTables& tables) {
  const TableLog& silver = tables.at("silver");
  const TableLog& gold = tables.at("gold");
  CS_ASSIGN(Positions positions, gold.PositionsAt(gold.version));
  CS_ASSIGN(GoldState state, StateOf(silver, positions));
  std::vector<Check> checks{CheckLineage(silver, gold, positions, state)};
  Check once{"gold: one row a window, coin and source", true, "", {}};
  Check same{"gold: every closed window as silver gives it, every column", true, "", {}};
  std::int64_t rows = 0, windows = 0;
  std::size_t waiting = 0;
  CS_ASSIGN(std::vector<WindowTables> slices, SlicesOf(tables, state.tables));
  for (const WindowTables& slice : slices) {
    state.tables = slice;
    CS_ASSIGN(auto duck, Open(tables, state, TickView(state, std::to_string(state.consumed) + "::BIGINT", "", "")));
    WrongRows(once, *duck, DoubledWindows(slice));
    CS_ASSIGN(std::vector<Difference> differences, DifferingWindows(*duck, slice, state.consumed));
    if (!differences.empty() && state.corrected < state.consumed) {
      CS_ASSIGN(std::size_t excused, ExcuseWaiting(tables, state, differences));
      waiting += excused;
    }
    for (const Difference& difference : differences) Wrong(same, difference.place);
    CS_ASSIGN(std::int64_t found, Number(*duck, "SELECT count(*) FROM found_window"));
    CS_ASSIGN(std::int64_t wanted, Number(*duck, "SELECT count(*) FROM want"));
    rows += found;
    windows += wanted;
  }
  once.detail = fmt::format("{} rows", rows);
  same.detail = fmt::format("{} windows, {} wait for late rows", windows, waiting);
  checks.push_back(std::move(once));
  checks.push_back(std::move(same));
  return checks;
}

}  // namespace cryptostream
