// Silver as a function of bronze. In: bronze, silver and quarantine, pinned. Out: whether silver holds exactly the rows that bronze's
// messages give, every column of them, each once (the first one in bronze stays), and quarantine exactly the rest. Both sides are hashed by
// row and summed by minute first, which costs one pass over each; only minutes that differ are looked into row by row.
//
// Bronze's order is that of its log. A compaction loses it; then of several equal rows any may be the one that silver took.
#include <fmt/format.h>

#include "delta/position.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// The row that stays of each key, and what silver has, by minute.
constexpr const char* kFirst = R"(
    first AS (SELECT k, g, arg_min(c, ord) AS c, arg_min(us, ord) // 60000000 AS m, min(ord) AS ord, bool_or(moved) AS moved
      FROM made WHERE good GROUP BY k, g HAVING arg_min(us, ord) >= silver_whole_from()),
    minutes AS (SELECT w.m AS want, h.m AS have FROM (SELECT m, count(*) AS n, sum(c) AS s FROM first GROUP BY m) w
      FULL JOIN (SELECT us // 60000000 AS m, count(*) AS n, sum(c) AS s FROM had GROUP BY ALL) h ON w.m = h.m
      WHERE w.n IS DISTINCT FROM h.n OR w.s IS DISTINCT FROM h.s))";

// Which rows differ in those minutes.
constexpr const char* kDifferences = R"(,
    wanted AS (SELECT * FROM first WHERE m IN (SELECT want FROM minutes UNION ALL SELECT have FROM minutes)),
    held AS (SELECT *, row_number() OVER (PARTITION BY c ORDER BY idx, file_row_number) AS nth FROM had
      WHERE us IS NULL OR us // 60000000 IN (SELECT want FROM minutes UNION ALL SELECT have FROM minutes)),
    lacking AS (SELECT * FROM wanted ANTI JOIN held USING (c)),
    surplus AS (SELECT held.* FROM held LEFT JOIN wanted USING (c) WHERE wanted.c IS NULL OR nth > 1),
    twins AS (SELECT DISTINCT made.c, made.k, made.g FROM made JOIN lacking ON made.k = lacking.k AND made.g = lacking.g
      JOIN surplus ON surplus.c = made.c WHERE made.good AND lacking.moved)
    SELECT format('silver version={} file={} row={} coin={} source={} time={} price={}: no bronze row makes it', version, path,
        file_row_number, shown(coin_id), shown(source), shown(api_timestamp), shown(price)) FROM surplus WHERE c NOT IN (SELECT c FROM twins)
    UNION ALL
    SELECT format('bronze version={} file={} row={}: silver lacks what it makes (minute {})', f.version, f.path, ord & 4294967295,
        make_timestamp(m * 60000000))
    FROM lacking JOIN bronze_file f ON f.idx = ord >> 32
    WHERE NOT EXISTS (SELECT 1 FROM twins WHERE twins.k = lacking.k AND twins.g = lacking.g)
      AND (bronze_whole_from() = 0 OR lacking.k NOT IN (SELECT k FROM had_any WHERE epoch_us(ingestion_timestamp) < bronze_whole_from())))";

// What quarantine must hold of the rows consumed, and where it differs. A row of bronze that silver has not come to yet may be there.
constexpr const char* kRefused = R"(
    WITH conflicts AS (SELECT k, g, arg_min(cc, ord) AS stays, bool_or(moved) AS moved FROM made WHERE good
        GROUP BY k, g HAVING min(cc) <> max(cc)),
      due AS (SELECT h, ord, false AS moved FROM made WHERE NOT good
        UNION ALL SELECT h, ord, conflicts.moved FROM made JOIN conflicts USING (k, g) WHERE good AND cc <> stays),
      twins AS (SELECT DISTINCT h FROM made JOIN conflicts USING (k, g) WHERE good AND conflicts.moved),
      want AS (SELECT h, count(*) AS n, min(ord) AS ord, bool_or(moved) AS moved FROM due GROUP BY h),
      have AS (SELECT h, count(*) AS n, min(path) AS path, min(version) AS version, min(file_row_number) AS row, min("offset") AS off,
          min(reason) AS reason FROM refused GROUP BY h),
      ahead AS (SELECT reject_key(source, topic, "partition", "offset", epoch_us("timestamp"), encode(value)) AS h
        FROM bronze_row WHERE version > bronze_consumed() AND data_change)
    SELECT format('bronze version={} file={} row={}: it can be no row of silver, and quarantine lacks it', f.version, f.path,
        want.ord & 4294967295) FROM want LEFT JOIN have USING (h) JOIN bronze_file f ON f.idx = want.ord >> 32
      JOIN bronze_row b ON b.idx = want.ord >> 32 AND b.file_row_number = want.ord & 4294967295
      WHERE want.n > coalesce(have.n, 0) AND NOT want.moved AND epoch_us(b."timestamp") >= quarantine_whole_from()
    UNION ALL
    SELECT format('quarantine version={} file={} row={} offset={} reason={}: bronze has no such row, or it is good', have.version, have.path,
        have.row, shown(have.off), shown(have.reason)) FROM have LEFT JOIN want USING (h)
      WHERE have.n > coalesce(want.n, 0) AND h NOT IN (SELECT h FROM ahead) AND h NOT IN (SELECT h FROM twins)
        AND NOT (bronze_whole_from() > 0 AND starts_with(coalesce(have.reason, ''), 'conflicting_duplicate')))";

// Rows of quarantine that are rightly there, but for another reason than they say.
constexpr const char* kReasons = R"(
    WITH conflicts AS (SELECT k, g, arg_min(cc, ord) AS stays, bool_or(moved) AS moved FROM made WHERE good
        GROUP BY k, g HAVING min(cc) <> max(cc)),
      due AS (SELECT h, reasons AS why FROM made WHERE reasons IS NOT NULL AND h IN (SELECT h FROM refused)
        UNION SELECT h, 'conflicting_duplicate' FROM made JOIN conflicts USING (k, g) WHERE good AND (cc <> stays OR conflicts.moved))
    SELECT format('quarantine version={} file={} row={} offset={} reason={}: its message is refused as {}', version, path,
        file_row_number, shown("offset"), shown(reason), replace(why, chr(10), ' or ')) FROM refused JOIN due USING (h)
    WHERE NOT coalesce(explains(why, reason), false) AND h NOT IN (SELECT h FROM sent_again) AND h NOT IN (SELECT h FROM unnamed))";

Check CheckLineage(const TableLog& bronze, const TableLog& silver, const Positions& positions) {
  Check check{"silver: its position is one of bronze", true, "", {}};
  Version consumed = PositionOr(positions, SilverPositionId(bronze.table_id), kNoVersion);
  for (const auto& [id, value] : positions) {
    if (!id.starts_with(AppId("silver/")) || id == SilverPositionId(bronze.table_id)) continue;
    Wrong(check, fmt::format("silver version={} position={}: it is of another bronze, this one has the id {}", silver.version, id,
                             bronze.table_id));
  }
  if (consumed > bronze.version) {
    Wrong(check, fmt::format("silver version={}: it has read bronze up to {}, which ends at {}", silver.version, consumed,
                             bronze.version));
  }
  check.detail = fmt::format("silver version {} has read bronze up to {} of {}", silver.version, consumed, bronze.version);
  return check;
}

// The greatest event time of each source is what silver's watermark positions say.
Check CheckWatermarks(const Duck& duck, const Positions& positions) {
  Check check{"silver: watermarks are the greatest event times", true, "", {}};
  std::map<std::string, std::int64_t> marks;
  for (const auto& [id, value] : positions) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    auto [mark, first] = marks.try_emplace(key->first.str(), value);
    mark->second = std::max(mark->second, value);
  }
  auto rows = duck.Query("SELECT source, max(us) FROM had GROUP BY source", {}, Patient());
  if (!rows) {
    Failed(check, rows.error());
    return check;
  }
  for (const auto& row : rows->rows) {
    auto mark = marks.find(SqlValueText(row[0]));
    std::int64_t newest = IsSqlNull(row[1]) ? 0 : std::get<std::int64_t>(row[1]);
    if (mark != marks.end() && mark->second == newest) continue;
    Wrong(check, fmt::format("position=cryptostream/watermark/{}: is {}, the newest row has {}", SqlValueText(row[0]),
                             mark == marks.end() ? "missing" : std::to_string(mark->second), newest));
  }
  check.detail = fmt::format("{} sources", rows->rows.size());
  return check;
}

// A process refuses new names when it has met Name::kMaxNames of them: then so many must have come.
Status CheckNames(Check& check, const Duck& duck) {
  CS_ASSIGN(std::int64_t unnamed, Number(duck, "SELECT CASE WHEN bronze_whole_from() > 0 THEN 0 ELSE count(*) END FROM unnamed"));
  if (unnamed == 0) return {};
  CS_ASSIGN(std::int64_t names, Number(duck, NamesSql()));
  if (names < static_cast<std::int64_t>(Name::kMaxNames)) {
    Wrong(check, fmt::format("quarantine: {} rows say too_many_names, but bronze holds {} different ones", unnamed, names));
  }
  return {};
}

Result<std::string> Balance(const Duck& duck) {
  CS_ASSIGN(std::int64_t bronze, Number(duck, "SELECT count(*) FROM made"));
  CS_ASSIGN(std::int64_t silver, Number(duck, "SELECT count(*) FROM silver_row"));
  CS_ASSIGN(std::int64_t refused, Number(duck, "SELECT count(*) FROM refused"));
  return fmt::format("bronze {} = silver {} + duplicates {} + rejected {}", bronze, silver, bronze - silver - refused, refused);
}

}  // namespace

Result<std::vector<Check>> CheckSilver(const PinnedTables& tables) {
  const TableLog& bronze = tables.at("bronze");
  const TableLog& silver = tables.at("silver");
  const TableLog& quarantine = tables.at("quarantine");
  CS_ASSIGN(Positions positions, silver.PositionsAt(silver.version));
  std::vector<Check> checks{CheckLineage(bronze, silver, positions)};
  Version consumed = PositionOr(positions, SilverPositionId(bronze.table_id), kNoVersion);
  std::vector<std::string> setup;
  for (const auto& [log, name] :
       {std::pair(&bronze, "bronze"), std::pair(&silver, "silver"), std::pair(&quarantine, "quarantine")}) {
    CS_ASSIGN(std::vector<std::string> rows, RowSetup(*log, log->version, name));
    setup.insert(setup.end(), rows.begin(), rows.end());
  }
  CS_ASSIGN(Positions bronze_positions, bronze.PositionsAt(bronze.version));
  CS_ASSIGN(Positions quarantine_positions, quarantine.PositionsAt(quarantine.version));
  setup.push_back(fmt::format("CREATE MACRO quarantine_whole_from() AS {}::BIGINT", WholeFromMicros(quarantine_positions, {})));
  for (std::string& statement : MadeSetup(consumed, WholeFromMicros(bronze_positions, {}), WholeFromMicros(positions, {}))) {
    setup.push_back(std::move(statement));
  }
  CS_ASSIGN(auto duck, OpenRows(tables, std::move(setup)));

  Check same{"silver: exactly the rows that bronze makes, every column", true, "", {}};
  CS_ASSIGN(same.detail, Balance(*duck));
  CS_ASSIGN(std::int64_t differing, Number(*duck, std::string("WITH ") + kFirst + " SELECT count(*) FROM minutes"));
  if (differing > 0) WrongRows(same, *duck, std::string("WITH ") + kFirst + kDifferences);
  checks.push_back(std::move(same));

  Check left{"quarantine: exactly the rows that silver must refuse", true, "", {}};
  WrongRows(left, *duck, kRefused);
  WrongRows(left, *duck, kReasons);
  CS_TRY(CheckNames(left, *duck));
  checks.push_back(std::move(left));
  checks.push_back(CheckWatermarks(*duck, positions));
  return checks;
}

}  // namespace cryptostream
