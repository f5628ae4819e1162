// The rollups as functions of gold. In: gold and a rollup, pinned. Out: whether each period that ends at or before the rollup's `closed` has
// exactly one row, every column of it folded from gold's minutes. Sums as in verify_windows.cc: avg_price, vwap and volume bit for
// bit, volatility (the pooled variance: that within the minutes and that between them) within its tolerance.
//
// A rollup's position may lie some versions behind gold without a row being old, and a row may be ahead of it (market/rollup.h): each
// period must be what some version of gold from the position to the newest gives. The newest is tried first, and nearly always is enough.
#include <fmt/format.h>

#include <algorithm>

#include "delta/position.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr int kMaxVersions = 200;

struct Period {
  std::string_view table;
  std::int64_t step_us;
};
constexpr Period kPeriods[] = {{"gold_1h", 3'600'000'000}, {"gold_1d", 86'400'000'000}};

constexpr const char* kFolded = R"(
  CREATE OR REPLACE TABLE folded AS SELECT v, m, coin_id, source, quote, count(*) AS minutes, sum(samples)::BIGINT AS samples, sum(updates)::BIGINT AS updates,
    min(min_price) AS min_price, max(max_price) AS max_price, arg_min(open, us) AS open, arg_max(close, us) AS close,
    min(first_event) AS first_event, max(last_event) AS last_event, max(max_source_age_s) AS max_source_age_s,
    arg_max(volume_24h, us) FILTER (WHERE volume_24h IS NOT NULL) AS volume_24h,
    arg_max(market_cap, us) FILTER (WHERE market_cap IS NOT NULL) AS market_cap, min(avg_price) AS low_avg, min(vwap) AS low_vwap,
    count(*) FILTER (WHERE volume > 0 AND vwap IS NULL) AS lacking,
    min(volume) FILTER (WHERE volume > 0) AS low_volume, count(volume) AS volumes
  FROM minute GROUP BY ALL)";

constexpr const char* kMeans = R"(
  CREATE OR REPLACE TABLE period_means AS SELECT v, m, coin_id, source, quote,
    CASE WHEN count(*) = count(p) THEN mean_of(sum(p * samples), any_value(all_samples), scale_of(any_value(low_avg)))
      ELSE fsum(avg_price * samples) / any_value(all_samples) END AS mean,
    CASE WHEN count(*) = count(p) THEN nearest(sum(p * samples), scale_of(any_value(low_avg)))
      ELSE fsum(avg_price * samples) END / any_value(all_samples) AS mean_twice,
    CASE WHEN any_value(volumes) = 0 THEN NULL WHEN any_value(low_volume) IS NULL THEN 0
      WHEN count(q) = any_value(volumes) THEN nearest(sum(q), scale_of(any_value(low_volume))) ELSE fsum(volume) END AS traded,
    CASE WHEN count(t) = count(vwap) AND count(q) = any_value(volumes) AND sum(q) > 0 THEN quotient(sum(high_half(t) * high_half(q)),
      sum(high_half(t) * low_half(q) + low_half(t) * high_half(q)), sum(low_half(t) * low_half(q)), sum(q),
      scale_of(any_value(low_vwap))) END AS weighted,
    count(*) <> count(p) OR count(q) <> any_value(volumes) OR count(t) <> count(vwap) AS loose, fsum(vwap * volume) AS turnover, any_value(avg_price) AS only_avg, any_value(vwap) AS only_vwap,
    any_value(volatility) AS only_volatility,
    any_value(range_pct) AS only_range
  FROM (SELECT minute.*, low_avg, low_vwap, low_volume, volumes, folded.samples AS all_samples, whole_number(avg_price, scale_of(low_avg)) AS p,
      whole_number(vwap, scale_of(low_vwap)) AS t,
      CASE WHEN volume = 0 THEN 0::HUGEINT ELSE whole_number(volume, scale_of(low_volume)) END AS q
    FROM minute JOIN folded USING (v, m, coin_id, source, quote))
  GROUP BY v, m, coin_id, source, quote)";

constexpr const char* kWant = R"(
  CREATE OR REPLACE TABLE want AS WITH spread AS (
    SELECT v, m, coin_id, source, quote, fsum(n * s * s) / sum(n) + greatest(fsum(n * d * d) / sum(n) - (fsum(n * d) / sum(n)) ** 2, 0) AS variance
    FROM (SELECT v, m, coin_id, source, quote, samples::DOUBLE AS n, volatility AS s, avg_price - mean AS d FROM minute
      JOIN period_means USING (v, m, coin_id, source, quote)) GROUP BY ALL)
  SELECT v, m, coin_id, source, quote, loose, CASE WHEN minutes = 1 THEN only_avg ELSE mean END AS avg_price, max_price, min_price, open, close,
    close - open AS price_change, (close - open) / open * 100 AS price_change_pct,
    CASE WHEN minutes = 1 THEN only_volatility ELSE sqrt(variance) END AS volatility,
    CASE WHEN minutes = 1 THEN only_range ELSE (max_price - min_price) / mean * 100 END AS range_pct, samples, updates, traded AS volume,
    CASE WHEN minutes = 1 THEN only_vwap WHEN lacking = 0 AND traded > 0 THEN coalesce(weighted, turnover / traded) END AS vwap,
    CASE WHEN minutes = 1 THEN only_avg ELSE mean_twice END AS avg_price_twice,
    CASE WHEN minutes = 1 THEN only_range ELSE (max_price - min_price) / mean_twice * 100 END AS range_pct_twice, volume_24h, market_cap, first_event,
    last_event, max_source_age_s
  FROM folded JOIN period_means USING (v, m, coin_id, source, quote) JOIN spread USING (v, m, coin_id, source, quote))";

std::string Closed(const Positions& positions) {
  std::string closed;
  for (const auto& [id, position] : positions) {
    if (!id.starts_with(ClosedId(""))) continue;
    closed += fmt::format("{}({}, {}::BIGINT)", closed.empty() ? "" : ", ", SqlText(id.substr(ClosedId("").size())), position);
  }
  return closed.empty() ? "('', 0::BIGINT)" : closed;
}

// Gold's minutes of closed periods.
std::string Minutes(const WindowTables& tables, const std::string& closed, const std::string& quote_sql, Version gold_version) {
  return fmt::format(
      "SELECT {0}::BIGINT AS v, epoch_us(\"window\".start) AS us, epoch_us(\"window\".start) // {1} AS m, coin_id, source, "
      "{6} AS quote{5} "
      "FROM gold_row JOIN (VALUES {2}) closed(source, until) USING (source) "
      "WHERE (epoch_us(\"window\".start) // {1} + 1) * {1} <= until AND epoch_us(\"window\".start) // {1} * {1} >= {3} "
      "AND epoch_us(\"window\".start) < {4}",
      gold_version, tables.step_us, closed, tables.whole_from_us, tables.until_us, ComparedColumns(), quote_sql);
}

// Compares a rollup with gold, a slice of event time after the other.
class RollupComparison {
 public:
  RollupComparison(const PinnedTables& all, const TableLog& rollup, std::string closed, const SourceQuotes& quotes,
                   Version position)
      : all_(all),
        gold_(all.at("gold")),
        rollup_(rollup),
        closed_(std::move(closed)),
        quote_sql_(QuoteSql(gold_, quotes)),
        position_(position) {}

  // Errors: as of the queries.
  Status Run(const WindowTables& whole, Check& same) {
    CS_ASSIGN(duck_, OpenRows(all_, WindowMacros()));
    CS_ASSIGN(TableRows found, TableRows::Open(*duck_, rollup_, "found"));
    CS_ASSIGN(EventTimes periods, EventTimes::Of(*duck_, found, "found", "\"window\".start"));
    CS_ASSIGN(TableRows gold, TableRows::Open(*duck_, gold_, "gold"));
    CS_ASSIGN(EventTimes minutes, EventTimes::Of(*duck_, gold, "gold", "\"window\".start"));
    std::int64_t compared = 0;
    for (const WindowTables& slice : SlicesOf(whole, minutes, whole.step_us)) {
      CS_TRY(found.Fill("found_window", FoundWindows(slice), periods.FilesIn(slice.whole_from_us, slice.until_us)));
      WrongRows(same, *duck_, DoubledWindows(slice));
      CS_TRY(Want(slice, gold, minutes, gold_.version));
      CS_ASSIGN(std::vector<Difference> differences, DifferingWindows(*duck_, slice, gold_.version));
      CS_ASSIGN(std::int64_t of_slice, Number(*duck_, "SELECT count(*) FROM want"));
      compared += of_slice;
      if (!differences.empty() && same.places.size() < kMaxPlaces) {
        CS_TRY(ExcuseOther(slice, differences));
        CS_ASSIGN(gold, TableRows::Open(*duck_, gold_, "gold"));
      }
      for (const Difference& difference : differences) Wrong(same, difference.place);
    }
    same.detail = fmt::format("{} periods", compared);
    return {};
  }

 private:
  // Makes `want` of gold's rows at a version.
  Status Want(const WindowTables& slice, const TableRows& gold, const EventTimes& minutes, Version version) {
    CS_TRY(
        gold.Fill("minute", Minutes(slice, closed_, quote_sql_, version), minutes.FilesIn(slice.whole_from_us, slice.until_us)));
    for (const char* statement : {kFolded, kMeans, kWant}) CS_TRY(duck_->Run(statement));
    return {};
  }

  // The same at another version of gold. Errors: as of the queries; NotFound when files of that version are vacuumed.
  Status WantAt(const WindowTables& slice, Version version) {
    CS_ASSIGN(std::vector<LoggedFile> files, gold_.FilesAt(version));
    CS_ASSIGN(TableRows gold, TableRows::Open(*duck_, gold_, std::move(files), "gold"));
    CS_ASSIGN(EventTimes minutes, EventTimes::Of(*duck_, gold, "gold", "\"window\".start"));
    return Want(slice, gold, minutes, version);
  }

  // Takes out the periods that are as another version of gold gives them.
  Status ExcuseOther(const WindowTables& slice, std::vector<Difference>& differences) {
    Version newest = gold_.version;
    for (Version v = newest - 1; v >= std::max(position_, newest - kMaxVersions) && !differences.empty(); --v) {
      if (!WantAt(slice, v)) return {};  // files of that version are vacuumed
      CS_ASSIGN(std::vector<Difference> then, DifferingWindows(*duck_, slice, v));
      std::erase_if(differences, [&](const Difference& difference) {
        return std::ranges::find(then, difference.key, &Difference::key) == then.end();
      });
    }
    return {};
  }

  const PinnedTables& all_;
  const TableLog& gold_;
  const TableLog& rollup_;
  std::string closed_, quote_sql_;
  Version position_;
  std::unique_ptr<Duck> duck_;
};

Result<std::vector<Check>> CheckRollup(const PinnedTables& all, const TableLog& rollup, std::int64_t step_us) {
  const TableLog& gold = all.at("gold");
  const std::string& name = rollup.layout->name;
  CS_ASSIGN(Positions positions, rollup.PositionsAt(rollup.version));
  CS_ASSIGN(Positions upstream, gold.PositionsAt(gold.version));
  WindowTables tables{name, "gold", step_us, WholeFromMicros(positions, upstream)};
  tables.rounded_twice = RoundsTwice(gold, upstream);
  Positions recorded;
  if (auto silver = all.find("silver"); silver != all.end()) {  // it may be gone
    CS_ASSIGN(recorded, silver->second.PositionsAt(silver->second.version));
  }
  const SourceQuotes quotes = QuotesOf(recorded, {});
  tables.quote_sql = QuoteSql(rollup, quotes);
  tables.whole_from_us = (tables.whole_from_us + step_us - 1) / step_us * step_us;
  std::string prefix = AppId(name + "/"), own = prefix + gold.table_id;
  Version position = PositionOr(positions, own, kNoVersion);

  Check lineage{name + ": its position is one of gold", true, "", {}};
  lineage.detail = fmt::format("{} version {} has read gold up to {} of {}", name, rollup.version, position, gold.version);
  for (const auto& [id, value] : positions) {
    if (id.starts_with(prefix) && id != own)
      Wrong(lineage, fmt::format("version={} position={}: it is of another gold", rollup.version, id));
  }
  if (position > gold.version) Wrong(lineage, fmt::format("version={}: {}", rollup.version, lineage.detail));

  Check same{name + ": every closed period as gold gives it, every column", true, "", {}};
  CS_TRY(RollupComparison(all, rollup, Closed(positions), quotes, position).Run(tables, same));
  return std::vector<Check>{std::move(lineage), std::move(same)};
}

}  // namespace

Result<std::vector<Check>> CheckRollups(const PinnedTables& tables, const std::string& name) {
  auto period = std::ranges::find(kPeriods, name, &Period::table);
  if (period == std::end(kPeriods)) return Internal("no rollup of that name: name=" + name);
  return CheckRollup(tables, tables.at(name), period->step_us);
}

}  // namespace cryptostream
