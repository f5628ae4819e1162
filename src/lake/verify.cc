// Verification from outside: what the tables must say of each other, asked in SQL of versions that belong together. The engine may go on
// writing; gold is compared with the silver version that it names, and silver with the bronze version that it names.
#include "lake/verify.h"

#include <map>

#include "base/log.h"
#include "delta/table.h"
#include "lake/position.h"
#include "market/schema.h"
#include "query/duck.h"
#include "query/lake_views.h"
#include "query/print.h"

namespace cryptostream {
namespace {

namespace fs = std::filesystem;

struct Opened {
  std::unique_ptr<Table> table;
  const TableLayout* layout;
};

Result<std::map<std::string, Opened>> OpenTables(const fs::path& root) {
  std::map<std::string, Opened> tables;
  for (const TableLayout* layout : AllLayouts()) {
    auto table = Table::Open((fs::absolute(root).lexically_normal() / layout->path).string());
    if (!table && table.error().kind == ErrorKind::kNotFound) {
      return NotFound("there is no lake: root=" + root.string() + " missing=" + layout->path + " (give --storage)");
    }
    if (!table) return std::unexpected(table.error());
    tables[layout->name] = {*std::move(table), layout};
  }
  return tables;
}

// Files on the disk against the log: there, of that size, with that many rows.
Result<Check> CheckFiles(const Opened& opened, const fs::path& root) {
  Check check{opened.layout->name + ": files present, sizes and row counts as in the log", true, ""};
  CS_ASSIGN(std::vector<DataFile> files, opened.table->Files());
  auto wrong = [&](const DataFile& file, const std::string& what) {
    check.ok = false;
    if (check.detail.size() < 2000) check.detail += (check.detail.empty() ? "" : "; ") + file.path + ": " + what;
  };
  std::int64_t rows = 0;
  std::vector<std::string> paths;
  std::map<std::string, const DataFile*> by_path;
  for (const DataFile& file : files) {
    fs::path path = fs::path(opened.table->root_path()) / file.path;
    std::error_code error;
    auto size = fs::file_size(path, error);
    if (error) {
      wrong(file, "missing");
    } else if (static_cast<std::int64_t>(size) != file.size_bytes) {
      wrong(file, "has " + std::to_string(size) + " bytes, the log says " + std::to_string(file.size_bytes));
    } else {
      paths.push_back(path.string());
      by_path[path.string()] = &file;
    }
  }
  if (!paths.empty()) {
    CS_ASSIGN(auto duck, OpenPinnedViews(root, {}));
    CS_ASSIGN(SqlRows footers, duck->Query("select file_name, num_rows from parquet_file_metadata($1::varchar[])", {paths}));
    for (const auto& row : footers.rows) {
      const DataFile& file = *by_path.at(std::get<std::string>(row[0]));
      std::int64_t count = std::get<std::int64_t>(row[1]);
      rows += count;
      if (file.rows >= 0 && count != file.rows) {
        wrong(file, "has " + std::to_string(count) + " rows, the log says " + std::to_string(file.rows));
      }
    }
  }
  if (check.ok) check.detail = std::to_string(files.size()) + " files, " + std::to_string(rows) + " rows";
  return check;
}

Result<std::int64_t> Count(const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters = {}) {
  CS_ASSIGN(SqlRows rows, duck.Query(sql, parameters, {.timeout = std::chrono::minutes(30), .max_rows = 1}));
  if (rows.rows.size() != 1 || !std::holds_alternative<std::int64_t>(rows.rows[0][0])) return Internal("not a count: sql=" + sql);
  return std::get<std::int64_t>(rows.rows[0][0]);
}

PinnedView ViewAt(const std::string& name, const Opened& opened, std::shared_ptr<const Snapshot> snapshot) {
  return {name, opened.layout, std::move(snapshot), opened.table->root_path()};
}

// What silver must have made of bronze: rows that were not rejected, equal ones once. A trade is its (source, symbol, trade id), an
// observation is all of its typed fields.
constexpr const char* kExpectedSilver = R"(
  with accepted as (
    select b.source, b.value from bronze b
    where not exists (select 1 from quarantine q where q.stage = 'silver' and q.source is not distinct from b.source
                      and q.topic is not distinct from b.topic and q."partition" = b."partition" and q."offset" = b."offset"
                      and q.value = encode(b.value))),
  typed as (select coalesce(value->>'source', source) s, value->>'symbol' y, try_cast(value->>'trade_id' as bigint) t,
      value->>'coin_id' c, value j from accepted)
  select count(*) from (
    select distinct s, y, t, case when t is null then [c, cast(try_cast(j->>'timestamp' as decimal(38, 9)) as varchar),
      cast(try_cast(j->>'price' as double) as varchar), cast(try_cast(j->>'volume_24h' as double) as varchar),
      cast(try_cast(j->>'market_cap' as double) as varchar), cast(try_cast(j->>'price_change_24h' as double) as varchar),
      cast(try_cast(j->>'price_change_percentage_24h' as double) as varchar), cast(try_cast(j->>'high_24h' as double) as varchar),
      cast(try_cast(j->>'low_24h' as double) as varchar), cast(try_cast(j->>'quantity' as double) as varchar),
      j->>'last_updated'] end from typed))";

Result<std::vector<Check>> CheckSilver(const std::map<std::string, Opened>& tables, const fs::path& root) {
  const Opened& bronze = tables.at("bronze");
  const Opened& silver = tables.at("silver");
  auto pinned = silver.table->snapshot();
  CS_ASSIGN(Positions positions, pinned->Txns());
  Version consumed = PositionOr(positions, SilverPositionId(bronze.table->id()), kNoVersion);
  std::shared_ptr<const Snapshot> input;
  if (consumed != kNoVersion) {
    CS_ASSIGN(input, bronze.table->SnapshotAt(consumed));
  }
  CS_TRY(tables.at("quarantine").table->Refresh());
  CS_ASSIGN(auto duck,
            OpenPinnedViews(root, {ViewAt("bronze", bronze, input), ViewAt("silver", silver, pinned),
                                   ViewAt("quarantine", tables.at("quarantine"), tables.at("quarantine").table->snapshot())}));
  CS_ASSIGN(std::int64_t expected, Count(*duck, kExpectedSilver));
  CS_ASSIGN(std::int64_t found, Count(*duck, "select count(*) from silver"));
  CS_ASSIGN(std::int64_t in_bronze, Count(*duck, "select count(*) from bronze"));
  std::vector<Check> checks;
  checks.push_back({"silver: every bronze row is a row, a duplicate or rejected", expected == found,
                    fmt::format("bronze version {} has {} rows, which make {}; silver version {} has {}", consumed, in_bronze,
                                expected, pinned->version(), found)});
  CS_ASSIGN(std::int64_t twice, Count(*duck,
                                      "select count(*) from (select 1 from silver where trade_id is not null "
                                      "group by source, symbol, trade_id having count(*) > 1)"));
  checks.push_back({"silver: no trade twice", twice == 0, fmt::format("{} trades more than once", twice)});
  CS_ASSIGN(std::int64_t bad,
            Count(*duck,
                  "select count(*) from silver where coin_id is null or source is null or api_timestamp is null "
                  "or price is null or not isfinite(price) or price <= 0 or hour <> hour(api_timestamp) "
                  "or year <> year(api_timestamp) or month <> month(api_timestamp) or day <> day(api_timestamp)"));
  checks.push_back({"silver: values in range, partition as the event time", bad == 0, fmt::format("{} rows wrong", bad)});
  return checks;
}

// Closed windows as SQL sees them in silver, beside those in gold: every difference is one row.
std::string GoldDifferences(const std::string& closed_values) {
  return R"(
  with closed(source, closed_until) as (values )" +
         closed_values + R"(),
  w as (select time_bucket(interval '1 minute', s.api_timestamp) as begins, s.coin_id, s.source, count(*) as samples,
      min(s.price) as low, max(s.price) as high,
      arg_min(s.price, (s.api_timestamp, coalesce(s.trade_id, -9223372036854775808), s.price)) as first_price,
      arg_max(s.price, (s.api_timestamp, coalesce(s.trade_id, -9223372036854775808), s.price)) as last_price, avg(s.price) as mean
    from silver s join closed c using (source)
    where time_bucket(interval '1 minute', s.api_timestamp) + interval '1 minute' <= c.closed_until group by 1, 2, 3)
  select coalesce(w.begins, g."window"."start") as window_start, coalesce(w.coin_id, g.coin_id) as coin_id,
      coalesce(w.source, g.source) as source, w.samples as in_silver, g.samples as in_gold
  from w full join gold g on w.begins = g."window"."start" and w.coin_id = g.coin_id and w.source = g.source
  where w.begins is null or g.samples is null or w.samples <> g.samples or w.low <> g.min_price or w.high <> g.max_price
      or w.first_price <> g."open" or w.last_price <> g."close" or abs(w.mean - g.avg_price) > 1e-9 * w.mean
  order by 1, 2, 3)";
}

Result<std::vector<Check>> CheckGold(const std::map<std::string, Opened>& tables, const fs::path& root) {
  const Opened& silver = tables.at("silver");
  const Opened& gold = tables.at("gold");
  auto pinned = gold.table->snapshot();
  CS_ASSIGN(Positions positions, pinned->Txns());
  Version consumed = PositionOr(positions, GoldPositionId(silver.table->id()), kNoVersion);
  std::shared_ptr<const Snapshot> input;
  if (consumed != kNoVersion) {
    CS_ASSIGN(input, silver.table->SnapshotAt(consumed));
  }
  std::string closed;
  for (const auto& [id, position] : positions) {
    if (!id.starts_with(ClosedId(""))) continue;
    closed += (closed.empty() ? "" : ", ") +
              fmt::format("({}, make_timestamptz({}::bigint))", SqlText(id.substr(ClosedId("").size())), position);
  }
  if (closed.empty()) closed = "('', make_timestamptz(0::bigint))";
  CS_ASSIGN(auto duck, OpenPinnedViews(root, {ViewAt("silver", silver, input), ViewAt("gold", gold, pinned)}));
  std::vector<Check> checks;
  CS_ASSIGN(std::int64_t rows, Count(*duck, "select count(*) from gold"));
  CS_ASSIGN(std::int64_t keys,
            Count(*duck, "select count(*) from (select distinct \"window\".\"start\", coin_id, source from gold)"));
  checks.push_back({"gold: one row a window, coin and source", rows == keys, fmt::format("{} rows, {} keys", rows, keys)});
  CS_ASSIGN(SqlRows differences, duck->Query(GoldDifferences(closed), {}, {.timeout = std::chrono::minutes(30), .max_rows = 10}));
  Check same{"gold: windows hold exactly the closed rows of silver", differences.rows.empty(),
             fmt::format("gold version {} against silver version {}", pinned->version(), consumed)};
  for (const auto& row : differences.rows) {
    same.detail += "; differs:";
    for (const SqlValue& value : row) same.detail += " " + SqlValueText(value);
  }
  checks.push_back(std::move(same));
  return checks;
}

}  // namespace

bool VerifyReport::ok() const {
  for (const Check& check : checks) {
    if (!check.ok) return false;
  }
  return true;
}

Result<VerifyReport> VerifyLake(const fs::path& root, const std::string& what) {
  CS_ASSIGN(auto tables, OpenTables(root));
  VerifyReport report;
  for (const auto& name : {"bronze", "silver", "gold", "quarantine", "gaps"}) {
    bool wanted = what == "all" || what == name;
    if (!wanted) continue;
    CS_ASSIGN(Check check, CheckFiles(tables.at(name), root));
    report.checks.push_back(std::move(check));
  }
  if (!report.ok()) return report;  // what is not there cannot be asked
  if (what != "gold") {
    CS_ASSIGN(auto checks, CheckSilver(tables, root));
    report.checks.insert(report.checks.end(), checks.begin(), checks.end());
  }
  if (what != "silver") {
    CS_ASSIGN(auto checks, CheckGold(tables, root));
    report.checks.insert(report.checks.end(), checks.begin(), checks.end());
  }
  return report;
}

void PrintReport(const VerifyReport& report, bool json, std::ostream& out) {
  SqlRows rows;
  rows.columns = {{"check", "VARCHAR"}, {"ok", "BOOLEAN"}, {"detail", "VARCHAR"}};
  for (const Check& check : report.checks) {
    if (json) {
      rows.rows.push_back({check.name, check.ok, check.detail});
    } else {
      out << (check.ok ? "ok     " : "WRONG  ") << check.name << ": " << check.detail << "\n";
    }
  }
  if (json) PrintRows(rows, RowFormat::kJson, out);
}

}  // namespace cryptostream
