// The windows of every source as a function of silver. In: gold pinned, and silver at the version that gold names. Out: whether each closed window has exactly
// one row and every column of it is what silver's rows give (verify_windows.cc).
//
// While late rows wait to be worked in (`corrected` behind what gold has read), a window that they touch may still be as it was at an
// earlier version of silver. Only such a window is computed again at each version in between; it must be equal to one of them.
//
// A large table is compared in slices of event time (event_times.cc), each within the memory that DuckDB has: some aggregates' state cannot be
// spilled, and a year of ten coins has five million windows.
#include <fmt/format.h>

#include <algorithm>

#include "delta/position.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

struct GoldState {
  Version consumed = kNoVersion, corrected = kNoVersion;
  std::string closed;            // VALUES of (source, microseconds)
  std::string silver_quote_sql;  // of a row of silver (QuoteSql)
  WindowTables tables{.table = SourcesLayout().name, .upstream = "silver"};
};

Result<GoldState> StateOf(const TableLog& silver, const TableLog& gold, const Positions& positions) {
  GoldState state;
  CS_ASSIGN(Positions upstream, silver.PositionsAt(silver.version));
  state.tables.whole_from_us = WholeFromMicros(positions, upstream);
  const SourceQuotes quotes = QuotesOf(upstream, {});
  state.silver_quote_sql = QuoteSql(silver, quotes);
  state.tables.quote_sql = QuoteSql(gold, quotes);
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

// Silver's rows of closed windows. In: more of the FROM clause, and the column that keeps computations apart.
std::string Ticks(const GoldState& state, const std::string& v, const std::string& join, const std::string& where) {
  return fmt::format(
      "SELECT {} AS v, version, s.source, s.coin_id, s.quote, us, price, quantity, trade_id, volume_24h, market_cap, "
      "last_updated, open, high, low, vwap, bar_s::BIGINT AS bar_s FROM (SELECT * REPLACE ({} AS quote), epoch_us(api_timestamp) "
      "AS us FROM silver_row) s "
      "JOIN (VALUES {}) closed(source, until) USING (source) {} WHERE (us // 60000000 + 1) * 60000000 <= until "
      "AND us // 60000000 * 60000000 >= {} AND (NOT data_change OR version <= {}){}{}",
      v, state.silver_quote_sql, state.closed, join, state.tables.whole_from_us, state.consumed, where,
      SliceFilter(state.tables));
}

// Compares gold with silver, a slice of event time after the other.
class GoldComparison {
 public:
  GoldComparison(const PinnedTables& tables, GoldState state) : tables_(tables), state_(std::move(state)) {}

  // Errors: as of the queries.
  Status Run(Check& once, Check& same) {
    CS_ASSIGN(duck_, OpenRows(tables_, WindowMacros()));
    CS_ASSIGN(TableRows silver, TableRows::Open(*duck_, tables_.at("silver"), "silver"));
    CS_ASSIGN(TableRows gold, TableRows::Open(*duck_, tables_.at(SourcesLayout().name), "found"));
    CS_ASSIGN(EventTimes ticks, EventTimes::Of(*duck_, silver, "silver", "api_timestamp"));
    CS_ASSIGN(EventTimes windows, EventTimes::Of(*duck_, gold, "found", "\"window\".start"));
    for (const WindowTables& slice : SlicesOf(state_.tables, ticks, state_.tables.step_us)) {
      state_.tables = slice;
      CS_TRY(gold.Fill("found_window", FoundWindows(slice), windows.FilesIn(slice.whole_from_us, slice.until_us)));
      WrongRows(once, *duck_, DoubledWindows(slice));
      CS_TRY(Compare(silver, ticks.FilesIn(slice.whole_from_us, slice.until_us), same));
    }
    once.detail = fmt::format("{} rows", rows_);
    same.detail = fmt::format("{} windows, {} wait for late rows", windows_, waiting_);
    return {};
  }

 private:
  Status Compare(const TableRows& silver, const std::vector<std::size_t>& files, Check& same) {
    CS_TRY(Want(silver, files, Ticks(state_, std::to_string(state_.consumed) + "::BIGINT", "", "")));
    CS_ASSIGN(std::vector<Difference> differences, DifferingWindows(*duck_, state_.tables, state_.consumed));
    CS_ASSIGN(std::int64_t found, Number(*duck_, "SELECT count(*) FROM found_window"));
    CS_ASSIGN(std::int64_t wanted, Number(*duck_, "SELECT count(*) FROM want"));
    rows_ += found;
    windows_ += wanted;
    if (!differences.empty() && state_.corrected < state_.consumed && same.places.size() < kMaxPlaces) {
      CS_TRY(ExcuseWaiting(silver, files, differences));
    }
    for (const Difference& difference : differences) Wrong(same, difference.place);
    return {};
  }

  // Makes `want` of silver's rows.
  Status Want(const TableRows& silver, const std::vector<std::size_t>& files, const std::string& ticks) {
    CS_TRY(silver.Fill("tick", ticks, files));
    for (const std::string& statement : WindowStatements()) CS_TRY(duck_->Run(statement));
    return {};
  }

  // Takes out the windows that are as they were at a version from `corrected` on.
  Status ExcuseWaiting(const TableRows& silver, const std::vector<std::size_t>& files, std::vector<Difference>& differences) {
    std::string keys;
    for (const Difference& difference : differences) keys += (keys.empty() ? "" : ", ") + difference.key;
    std::string wanted = "(SELECT * FROM (VALUES " + keys + ") AS wanted(m, coin_id, source, quote))";
    std::string versions = fmt::format(
        "(SELECT DISTINCT version AS v FROM silver_file WHERE data_change AND version > {0} AND version < {1} "
        "UNION SELECT {0}::BIGINT)",
        state_.corrected, state_.consumed);
    CS_TRY(Want(silver, files,
                Ticks(state_, "versions.v", "CROSS JOIN " + versions + " versions",
                      " AND (NOT data_change OR version <= versions.v) AND (us // 60000000, s.coin_id, s.source, s.quote) IN " +
                          wanted)));
    std::string pairs = "SELECT * FROM " + wanted + " CROSS JOIN " + versions;
    CS_ASSIGN(SqlRows rows, duck_->Query("SELECT DISTINCT m, coin_id, source, quote FROM (" +
                                             WindowComparison(state_.tables, pairs) + ") WHERE place IS NULL",
                                         {}, Patient()));
    for (const auto& row : rows.rows) {
      std::erase_if(differences, [key = WindowTuple(row)](const Difference& difference) { return difference.key == key; });
    }
    waiting_ += rows.rows.size();
    return {};
  }

  const PinnedTables& tables_;
  GoldState state_;
  std::unique_ptr<Duck> duck_;
  std::int64_t rows_ = 0, windows_ = 0;
  std::size_t waiting_ = 0;
};

Check CheckLineage(const TableLog& silver, const TableLog& gold, const Positions& positions, const GoldState& state) {
  Check check{SourcesLayout().name + ": its position is one of silver", true, "", {}};
  for (const auto& [id, value] : positions) {
    if (!id.starts_with(AppId("gold/")) || id == GoldPositionId(silver.table_id)) continue;
    Wrong(check, fmt::format("gold_sources version={} position={}: it is of another silver, this one has the id {}", gold.version,
                             id, silver.table_id));
  }
  if (state.consumed > silver.version) {
    Wrong(check, fmt::format("gold_sources version={}: it has read silver up to {}, which ends at {}", gold.version,
                             state.consumed, silver.version));
  }
  if (state.corrected > state.consumed) {
    Wrong(check, fmt::format("gold_sources version={}: late rows are worked in up to {}, but read up to {}", gold.version,
                             state.corrected, state.consumed));
  }
  check.detail =
      fmt::format("gold_sources version {} has read silver up to {} of {}", gold.version, state.consumed, silver.version);
  return check;
}

}  // namespace

Result<std::vector<Check>> CheckGold(const PinnedTables& tables) {
  const TableLog& silver = tables.at("silver");
  const TableLog& gold = tables.at(SourcesLayout().name);
  CS_ASSIGN(Positions positions, gold.PositionsAt(gold.version));
  CS_ASSIGN(GoldState state, StateOf(silver, gold, positions));
  state.tables.rounded_twice = RoundsTwice(gold, positions);
  std::vector<Check> checks{CheckLineage(silver, gold, positions, state)};
  Check once{SourcesLayout().name + ": one row a window, coin, source and quote", true, "", {}};
  Check same{SourcesLayout().name + ": every closed window as silver gives it, every column", true, "", {}};
  CS_TRY(GoldComparison(tables, std::move(state)).Run(once, same));
  checks.push_back(std::move(once));
  checks.push_back(std::move(same));
  return checks;
}

}  // namespace cryptostream
