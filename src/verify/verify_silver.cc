// Silver as a function of bronze. In: bronze, silver and quarantine, pinned. Out: whether silver holds exactly the rows that bronze's
// messages give, every column of them, each once (the first one in bronze stays), and quarantine exactly the rest. Both sides are hashed by
// row (verify_made.cc), in one pass over each, and compared in slices of the rows' keys, each within the memory that DuckDB has: rows that
// may stand for each other are always of one slice. Only in a slice whose sums differ the rows are looked at, and there only minutes that do.
//
// Bronze's order is that of its log. A compaction loses it; then of several equal rows any may be the one that silver took.
#include <fmt/format.h>

#include <set>

#include "delta/position.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// The row that stays of each key, and whether others say something else.
constexpr const char* kFirst = R"(
    CREATE OR REPLACE TABLE first AS SELECT k, g, arg_min(c, ord) AS c, arg_min(us, ord) AS us, min(ord) AS ord, bool_or(moved) AS moved,
      arg_min(cc, ord) AS stays, min(cc) <> max(cc) AS conflict FROM made WHERE good AND in_slice(k) GROUP BY k, g)";
constexpr const char* kConflicts = "INSERT INTO conflicts SELECT k, g, stays, moved FROM first WHERE conflict";

constexpr const char* kSumsDiffer = R"(
    SELECT (CASE WHEN w.n IS DISTINCT FROM h.n OR w.s IS DISTINCT FROM h.s THEN 1 ELSE 0 END)::BIGINT
    FROM (SELECT count(*) AS n, sum(c) AS s FROM first WHERE us >= silver_whole_from()) w
    CROSS JOIN (SELECT count(*) AS n, sum(c) AS s FROM had WHERE compared AND in_slice(k)) h)";

// Which rows of a slice differ: (place of a silver row, null) or (null, what is wrong).
constexpr const char* kDifferences = R"(
    WITH whole AS (SELECT *, us // 60000000 AS m FROM first WHERE us >= silver_whole_from()),
    have AS (SELECT *, us // 60000000 AS m FROM had WHERE compared AND in_slice(k)),
    minutes AS (SELECT w.m AS want, h.m AS have FROM (SELECT m, count(*) AS n, sum(c) AS s FROM whole GROUP BY m) w
      FULL JOIN (SELECT m, count(*) AS n, sum(c) AS s FROM have GROUP BY m) h ON w.m = h.m
      WHERE w.n IS DISTINCT FROM h.n OR w.s IS DISTINCT FROM h.s),
    wanted AS (SELECT * FROM whole WHERE m IN (SELECT want FROM minutes UNION ALL SELECT have FROM minutes)),
    held AS (SELECT *, row_number() OVER (PARTITION BY c ORDER BY ord) AS nth FROM have
      WHERE us IS NULL OR m IN (SELECT want FROM minutes UNION ALL SELECT have FROM minutes)),
    lacking AS (SELECT * FROM wanted ANTI JOIN held USING (c)),
    surplus AS (SELECT held.* FROM held LEFT JOIN wanted USING (c) WHERE wanted.c IS NULL OR nth > 1),
    twins AS (SELECT DISTINCT made.c, made.k, made.g FROM made JOIN lacking ON made.k = lacking.k AND made.g = lacking.g
      JOIN surplus ON surplus.c = made.c WHERE made.good AND lacking.moved)
    SELECT ord, NULL::VARCHAR FROM surplus WHERE c NOT IN (SELECT c FROM twins)
    UNION ALL
    SELECT NULL, format('bronze version={} file={} row={}: silver lacks what it makes (minute {})', f.version, f.path, ord & 4294967295,
        make_timestamp(m * 60000000))
    FROM lacking JOIN bronze_file f ON f.idx = ord >> 32
    WHERE NOT EXISTS (SELECT 1 FROM twins WHERE twins.k = lacking.k AND twins.g = lacking.g)
      AND (bronze_whole_from() = 0 OR lacking.k NOT IN (SELECT k FROM had WHERE older AND in_slice(k))))";

constexpr const char* kSurplus = R"(
    SELECT format('silver version={{}} file={{}} row={{}} coin={{}} source={{}} time={{}} price={{}}: no bronze row makes it', version, path,
        file_row_number, shown(coin_id), shown(source), shown(api_timestamp), shown(price))
    FROM silver_row WHERE idx << 32 | file_row_number IN ({}))";

// What quarantine must hold of the rows consumed, and where it differs. A row of bronze that silver has not come to yet may be there.
constexpr const char* kRefused = R"(
    WITH due AS (SELECT h, ord, received, false AS moved FROM made WHERE NOT good AND in_slice(h)
        UNION ALL SELECT h, ord, received, conflicts.moved FROM made JOIN conflicts USING (k, g) WHERE good AND cc <> stays AND in_slice(h)),
      twins AS (SELECT DISTINCT h FROM made JOIN conflicts USING (k, g) WHERE good AND conflicts.moved AND in_slice(h)),
      want AS (SELECT h, count(*) AS n, arg_min(received, ord) AS received, min(ord) AS ord, bool_or(moved) AS moved FROM due GROUP BY h),
      have AS (SELECT h, count(*) AS n, min(path) AS path, min(version) AS version, min(file_row_number) AS row, min("offset") AS off,
          min(reason) AS reason FROM refused WHERE in_slice(h) GROUP BY h)
    SELECT format('bronze version={} file={} row={}: it can be no row of silver, and quarantine lacks it', f.version, f.path,
        want.ord & 4294967295) FROM want LEFT JOIN have USING (h) JOIN bronze_file f ON f.idx = want.ord >> 32
      WHERE want.n > coalesce(have.n, 0) AND NOT want.moved AND received >= quarantine_whole_from()
    UNION ALL
    SELECT format('quarantine version={} file={} row={} offset={} reason={}: bronze has no such row, or it is good', have.version, have.path,
        have.row, shown(have.off), shown(have.reason)) FROM have LEFT JOIN want USING (h)
      WHERE have.n > coalesce(want.n, 0) AND h NOT IN (SELECT h FROM ahead) AND h NOT IN (SELECT h FROM twins)
        AND NOT (bronze_whole_from() > 0 AND starts_with(coalesce(have.reason, ''), 'conflicting_duplicate')))";

// Rows of quarantine that are rightly there, but for another reason than they say.
constexpr const char* kReasons = R"(
    WITH said AS (SELECT * FROM refused WHERE in_slice(h)),
      due AS (SELECT h, reasons AS why FROM made WHERE reasons IS NOT NULL AND h IN (SELECT h FROM said)
        UNION SELECT h, 'conflicting_duplicate' FROM made JOIN conflicts USING (k, g)
          WHERE good AND (cc <> stays OR conflicts.moved) AND in_slice(h))
    SELECT format('quarantine version={} file={} row={} offset={} reason={}: its message is refused as {}', version, path,
        file_row_number, shown("offset"), shown(reason), replace(why, chr(10), ' or ')) FROM said JOIN due USING (h)
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

constexpr const char* kNewest = R"(
    SELECT source, max(epoch_us(api_timestamp)) FROM silver_row WHERE api_timestamp IS NULL OR (epoch_us(api_timestamp) >= silver_whole_from()
      AND coalesce(epoch_us(ingestion_timestamp) >= bronze_whole_from(), true)) GROUP BY source)";

// The greatest event time of each source is what silver's watermark positions say.
Check CheckWatermarks(const Duck& duck, const TableRows& silver, const Positions& positions) {
  Check check{"silver: watermarks are the greatest event times", true, "", {}};
  std::map<std::string, std::int64_t> marks;
  for (const auto& [id, value] : positions) {
    auto key = WatermarkKey(id);
    if (!key) continue;
    auto [mark, first] = marks.try_emplace(key->first.str(), value);
    mark->second = std::max(mark->second, value);
  }
  std::map<std::string, std::int64_t> newest;
  auto take = [&](const std::vector<SqlColumn>&, SqlRow&& row) {
    auto& of_source = newest[SqlValueText(row[0])];
    of_source = std::max(of_source, IsSqlNull(row[1]) ? 0 : std::get<std::int64_t>(row[1]));
    return true;
  };
  Status read = silver.ForEachPortion([&](const auto&) { return duck.ForEachRow(kNewest, {}, Patient(), take); });
  if (!read) Failed(check, read.error());
  for (const auto& [source, us] : newest) {
    auto mark = marks.find(source);
    if (!read || (mark != marks.end() && mark->second == us)) continue;
    Wrong(check, fmt::format("position=cryptostream/watermark/{}: is {}, the newest row has {}", source,
                             mark == marks.end() ? "missing" : std::to_string(mark->second), us));
  }
  check.detail = fmt::format("{} sources", newest.size());
  return check;
}

constexpr const char* kSources = "SELECT DISTINCT source FROM silver_row";

// Each source has the currency of what does not say it, from its first row on, and the records follow each other. A lake that no program
// with records has written yet has none at all.
Check CheckQuotes(const Duck& duck, const TableRows& silver, const Positions& positions) {
  Check check{"silver: currencies of sources are recorded", true, "", {}};
  const SourceQuotes quotes = QuotesOf(positions, {});
  for (const auto& [source, records] : quotes.records()) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      bool follows = records[i].n == static_cast<std::int64_t>(i) && (i == 0 || records[i - 1].from <= records[i].from);
      if (!follows || !IsQuote(records[i].quote.str())) {
        Wrong(check, fmt::format("position={}: version={} does not follow from those before",
                                 QuoteId(records[i].n, source.str(), records[i].quote.str()), records[i].from));
      }
    }
  }
  std::set<std::string> sources;
  auto take = [&](const std::vector<SqlColumn>&, SqlRow&& row) {
    sources.insert(SqlValueText(row[0]));
    return true;
  };
  Status read = silver.ForEachPortion([&](const auto&) { return duck.ForEachRow(kSources, {}, Patient(), take); });
  if (!read) Failed(check, read.error());
  for (const std::string& source : sources) {
    if (!quotes.records().empty() && quotes.Newest(Name(source)) == nullptr) {
      Wrong(check, fmt::format("position=cryptostream/quote/0/{}/...: is missing", source));
    }
  }
  check.detail = fmt::format("{} sources", quotes.records().size());
  return check;
}

// A process refuses new names when it has met Name::kMaxNames of them: then so many must have come.
Status CheckNames(Check& check, const Duck& duck, const TableRows& bronze) {
  CS_ASSIGN(std::int64_t unnamed, Number(duck, "SELECT CASE WHEN bronze_whole_from() > 0 THEN 0 ELSE count(*) END FROM unnamed"));
  if (unnamed == 0) return {};
  CS_TRY(bronze.Fill("names", NamesSql()));
  CS_ASSIGN(std::int64_t names, Number(duck, "SELECT count(DISTINCT name) FROM names"));
  if (names < static_cast<std::int64_t>(Name::kMaxNames)) {
    Wrong(check, fmt::format("quarantine: {} rows say too_many_names, but bronze holds {} different ones", unnamed, names));
  }
  return {};
}

Result<std::string> Balance(const Duck& duck) {
  CS_ASSIGN(std::int64_t bronze, Number(duck, "SELECT count(*) FROM made"));
  CS_ASSIGN(std::int64_t silver, Number(duck, "SELECT count(*) FROM had"));
  CS_ASSIGN(std::int64_t refused, Number(duck, "SELECT count(*) FROM refused"));
  return fmt::format("bronze {} = silver {} + duplicates {} + rejected {}", bronze, silver, bronze - silver - refused, refused);
}

// Calls `look` for each slice of so many rows by their hashes; SQL's in_slice(hash) tells which are of it.
Status ForEachSlice(const Duck& duck, std::int64_t rows, const std::function<Status()>& look) {
  constexpr std::int64_t kRowsASlice = 250'000;
  std::int64_t slices = rows / kRowsASlice + 1;
  for (std::int64_t i = 0; i < slices; ++i) {
    CS_TRY(duck.Run(fmt::format("CREATE OR REPLACE MACRO in_slice(x) AS x % {} = {}", slices, i)));
    CS_TRY(look());
  }
  return {};
}

// Adds what differs in the slice that is being looked at.
void NameDifferences(Check& same, const Duck& duck, const TableRows& silver) {
  auto rows = duck.Query(kDifferences, {}, Patient(kMaxPlaces + 1));
  if (!rows) return Failed(same, rows.error());
  std::set<std::size_t> files;
  std::string surplus;
  for (const auto& row : rows->rows) {
    if (!IsSqlNull(row[1])) Wrong(same, SqlValueText(row[1]));
    if (IsSqlNull(row[0])) continue;
    files.insert(static_cast<std::size_t>(std::get<std::int64_t>(row[0]) >> 32));
    surplus += (surplus.empty() ? "" : ", ") + SqlValueText(row[0]);
  }
  if (files.empty()) return;
  Status shown = silver.Show({files.begin(), files.end()});
  if (!shown) return Failed(same, shown.error());
  WrongRows(same, duck, fmt::format(kSurplus, surplus));
}

// Silver's rows beside those that bronze makes, and which keys of bronze have rows that contradict each other.
Result<Check> CompareRows(const Duck& duck, const TableRows& silver) {
  Check same{"silver: exactly the rows that bronze makes, every column", true, "", {}};
  CS_ASSIGN(same.detail, Balance(duck));
  CS_TRY(duck.Run("CREATE TABLE conflicts(k UBIGINT, g BIGINT, stays UBIGINT, moved BOOLEAN)"));
  CS_ASSIGN(std::int64_t rows, Number(duck, "SELECT greatest((SELECT count(*) FROM made), (SELECT count(*) FROM had))"));
  CS_TRY(ForEachSlice(duck, rows, [&]() -> Status {
    CS_TRY(duck.Run(kFirst));
    CS_TRY(duck.Run(kConflicts));
    CS_ASSIGN(std::int64_t differs, Number(duck, kSumsDiffer));
    if (differs != 0) NameDifferences(same, duck, silver);
    return {};
  }));
  return same;
}

Result<Check> CompareRefused(const Duck& duck, const TableRows& bronze) {
  Check left{"quarantine: exactly the rows that silver must refuse", true, "", {}};
  CS_ASSIGN(std::int64_t rows,
            Number(duck, "SELECT (SELECT count(*) FROM made WHERE NOT good) + (SELECT count(*) FROM refused)"));
  CS_TRY(ForEachSlice(duck, rows, [&]() -> Status {
    WrongRows(left, duck, kRefused);
    WrongRows(left, duck, kReasons);
    return {};
  }));
  CS_TRY(CheckNames(left, duck, bronze));
  return left;
}

}  // namespace

Result<std::vector<Check>> CheckSilver(const PinnedTables& tables) {
  const TableLog& bronze = tables.at("bronze");
  const TableLog& silver = tables.at("silver");
  const TableLog& quarantine = tables.at("quarantine");
  CS_ASSIGN(Positions positions, silver.PositionsAt(silver.version));
  CS_ASSIGN(Positions bronze_positions, bronze.PositionsAt(bronze.version));
  CS_ASSIGN(Positions quarantine_positions, quarantine.PositionsAt(quarantine.version));
  std::vector<Check> checks{CheckLineage(bronze, silver, positions)};
  const SourceQuotes quotes = QuotesOf(positions, {});
  SilverState state{PositionOr(positions, SilverPositionId(bronze.table_id), kNoVersion),
                    WholeFromMicros(bronze_positions, {}),
                    WholeFromMicros(positions, {}),
                    WholeFromMicros(quarantine_positions, {}),
                    QuoteSql(silver, quotes),
                    quotes};
  CS_ASSIGN(auto duck, OpenRows(tables, MadeMacros(state)));
  CS_ASSIGN(TableRows bronze_rows, TableRows::Open(*duck, bronze, "bronze"));
  CS_ASSIGN(TableRows silver_rows, TableRows::Open(*duck, silver, "silver"));
  CS_ASSIGN(TableRows quarantine_rows, TableRows::Open(*duck, quarantine, "quarantine"));
  CS_TRY(MakeMade(*duck, bronze_rows, silver_rows, quarantine_rows, state));
  CS_ASSIGN(Check same, CompareRows(*duck, silver_rows));
  CS_ASSIGN(Check left, CompareRefused(*duck, bronze_rows));
  checks.push_back(std::move(same));
  checks.push_back(std::move(left));
  checks.push_back(CheckWatermarks(*duck, silver_rows, positions));
  checks.push_back(CheckQuotes(*duck, silver_rows, positions));
  return checks;
}

}  // namespace cryptostream
