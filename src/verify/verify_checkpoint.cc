// What stands in for the commits: checkpoints, their hint, checksums. In: the replayed log. Out: whether each says what the commits up
// to its version say. Readers, the kernel among them, take a checkpoint's or a checksum's word for it and do not look at the commits
// again, so one that contradicts them changes the table silently. Only the newest few are compared: nobody reads older ones.
#include <fmt/format.h>

#include <algorithm>

#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr std::size_t kNewest = 3;

// The newest versions of `all` that the commits still reach.
template <class Versions>
std::vector<Version> Newest(const TableLog& log, const Versions& all) {
  std::vector<Version> newest;
  for (Version version : all) {
    if (version > log.base && version <= log.version) newest.push_back(version);
  }
  std::sort(newest.rbegin(), newest.rend());
  newest.resize(std::min(newest.size(), kNewest));
  return newest;
}

std::string Parts(const TableLog& log, Version version) {
  std::string list;
  for (const std::string& name : log.listing.checkpoints.at(version)) {
    list += (list.empty() ? "" : ", ") + SqlText(ExactPath((log.log() / name).string()));
  }
  return "read_parquet([" + list + "])";
}

// The live files and positions at a version, as the commits have them.
std::string LiveAt(Version version) {
  return fmt::format(
      "live AS (SELECT path, arg_max(size, (version, line)) AS size, arg_max(part, (version, line)) AS part, "
      "arg_max(stats, (version, line)) AS stats FROM action WHERE version <= {0} GROUP BY path "
      "HAVING arg_max(kind, (version, line)) = 'add'), "
      "place AS (SELECT id, arg_max(value, (version, line)) AS value FROM position WHERE version <= {0} GROUP BY id)",
      version);
}

}  // namespace

void CompareCheckpoint(Check& check, const TableLog& log, Version version) {
  std::string where = fmt::format("version={} file={}", version, log.listing.checkpoints.at(version).front());
  std::string text = SqlText(where);
  WrongRows(
      check, *log.duck,
      "WITH " + LiveAt(version) + ", held AS (SELECT * FROM " + Parts(log, version) + R"(),
      files AS (SELECT url_decode("add".path) AS path, "add".size AS size, "add"."partitionValues" AS part, "add".stats AS stats
        FROM held WHERE "add" IS NOT NULL),
      txns AS (SELECT txn."appId" AS id, txn.version AS value FROM held WHERE txn IS NOT NULL),
      meta AS (SELECT "metaData".id AS id, "metaData"."schemaString" AS schema, "metaData"."partitionColumns" AS partitions,
        "metaData".configuration AS properties FROM held WHERE "metaData" IS NOT NULL),
      logged AS (SELECT * FROM metadata WHERE version <= )" +
          std::to_string(version) + R"( ORDER BY version DESC LIMIT 1)
    SELECT )" +
          text +
          R"( || ' in it: ' || files.path || CASE WHEN live.path IS NULL THEN ': the checkpoint has a file that the commits do not'
        ELSE ': another size, partition or statistics than in the commits' END FROM files LEFT JOIN live USING (path)
      WHERE live.path IS NULL OR files.size <> live.size OR files.stats IS DISTINCT FROM live.stats
        OR list_sort(map_entries(files.part)) IS DISTINCT FROM list_sort(map_entries(live.part))
    UNION ALL SELECT )" +
          text + R"( || ' in it: ' || path || ': the checkpoint lacks a live file' FROM live ANTI JOIN files USING (path)
    UNION ALL SELECT )" +
          text + R"( || ' in it: ' || path || ': more than once' FROM files GROUP BY path HAVING count(*) > 1
    UNION ALL SELECT format('{} position={}: the checkpoint says {}, the commits {}', )" +
          text + R"(, coalesce(txns.id, place.id),
        coalesce(txns.value::VARCHAR, 'nothing'), coalesce(place.value::VARCHAR, 'nothing'))
      FROM txns FULL JOIN place USING (id) WHERE txns.value IS DISTINCT FROM place.value
    UNION ALL SELECT )" +
          text + R"( || ': the checkpoint has other metadata than the commits' FROM meta FULL JOIN logged ON true
      WHERE meta.id IS DISTINCT FROM logged.id OR meta.schema IS DISTINCT FROM logged.schema
        OR meta.partitions IS DISTINCT FROM logged.partitions
        OR list_sort(map_entries(meta.properties)) IS DISTINCT FROM list_sort(map_entries(logged.properties)))",
      {}, where + ": ");
}

// The hint is read after the listing: while the table is written it may name a checkpoint that was not there yet.
Check CheckHint(const TableLog& log) {
  Check check{log.layout->name + ": _last_checkpoint names a whole checkpoint", true, "", {}};
  if (!log.listing.has_hint) {
    check.detail = "none";
    return check;
  }
  auto rows = log.duck->Query(
      "SELECT try_cast((j->>'$.version') AS BIGINT), try_cast((j->>'$.size') AS BIGINT), coalesce(try_cast((j->>'$.parts') AS "
      "BIGINT), 1) "
      "FROM (SELECT CASE WHEN json_valid(content) THEN content::JSON END AS j FROM read_text($1))",
      {ExactPath((log.log() / "_last_checkpoint").string())});
  if (!rows || rows->rows.empty() || IsSqlNull(rows->rows[0][0])) {
    Wrong(check, "file=_last_checkpoint: it cannot be read" + (rows ? "" : ": " + rows.error().message) +
                     " (`verify --repair` writes it anew)");
    return check;
  }
  auto version = std::get<std::int64_t>(rows->rows[0][0]);
  check.detail = fmt::format("version {}", version);
  auto listing = ListLog(log.log());
  auto found = listing ? listing->checkpoints.find(version) : log.listing.checkpoints.end();
  if (!listing || found == listing->checkpoints.end() ||
      static_cast<std::int64_t>(found->second.size()) != std::get<std::int64_t>(rows->rows[0][2])) {
    Wrong(check,
          fmt::format("file=_last_checkpoint: it names checkpoint {}, which is not there (`verify --repair` writes it anew)",
                      version));
    return check;
  }
  if (IsSqlNull(rows->rows[0][1]) || !log.listing.checkpoints.contains(version)) return check;
  auto actions = Number(*log.duck, "SELECT count(*) FROM " + Parts(log, version));
  if (!actions) {
    Wrong(check, fmt::format("version={} file={}: {}", version, found->second.front(), actions.error().message));
  } else if (*actions != std::get<std::int64_t>(rows->rows[0][1])) {
    Wrong(check, fmt::format("file=_last_checkpoint: checkpoint {} has {} actions, not as many as it says", version, *actions));
  }
  return check;
}

void CompareChecksum(Check& check, const TableLog& log, Version version) {
  std::string name = ChecksumName(version);
  std::string where = fmt::format("version={} file={}", version, name);
  std::string text = SqlText(where);
  WrongRows(check, *log.duck,
            "WITH " + LiveAt(version) + ", held AS (SELECT content::JSON AS j FROM read_text(" +
                SqlText(ExactPath((log.log() / name).string())) + R"()),
        sums AS (SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM live),
        txns AS (SELECT (t->>'$.appId') AS id, (t->>'$.version')::BIGINT AS value
          FROM (SELECT unnest((j->'$.setTransactions')::JSON[]) AS t FROM held)),
        complete AS (SELECT (j->'$.setTransactions') IS NOT NULL AS yes FROM held)
      SELECT format('{}: {} files of {} bytes, the commits have {} of {}', )" +
                text +
                R"(, (j->>'$.numFiles'), (j->>'$.tableSizeBytes'), files, bytes) FROM held, sums
        WHERE (j->>'$.numFiles')::BIGINT IS DISTINCT FROM files OR (j->>'$.tableSizeBytes')::BIGINT IS DISTINCT FROM bytes
      UNION ALL SELECT )" +
                text + R"( || ': another table id' FROM held WHERE (j->>'$.metadata.id') <> )" + SqlText(log.table_id) + R"(
      UNION ALL SELECT format('{} position={}: the checksum says {}, the commits {}', )" +
                text + R"(, coalesce(txns.id, place.id),
          coalesce(txns.value::VARCHAR, 'nothing'), coalesce(place.value::VARCHAR, 'nothing'))
        FROM txns FULL JOIN place USING (id) WHERE txns.value IS DISTINCT FROM place.value AND (SELECT yes FROM complete))",
            {}, where + ": ");
}

namespace {

Check CheckAgainstCommits(const TableLog& log) {
  Check check{log.layout->name + ": checkpoints say what the commits say", true, "", {}};
  std::vector<Version> all;
  for (const auto& [version, names] : log.listing.checkpoints) all.push_back(version);
  std::vector<Version> newest = Newest(log, all);
  for (Version version : newest) CompareCheckpoint(check, log, version);
  check.detail = fmt::format("{} of {} compared", newest.size(), all.size());
  return check;
}

Check CheckChecksums(const TableLog& log) {
  Check check{log.layout->name + ": checksums say what the commits say", true, "", {}};
  std::vector<Version> newest = Newest(log, log.listing.checksums);
  for (Version version : newest) CompareChecksum(check, log, version);
  check.detail = fmt::format("{} of {} compared", newest.size(), log.listing.checksums.size());
  return check;
}

}  // namespace

std::vector<Check> CheckCheckpoints(const TableLog& log) {
  return {CheckHint(log), CheckAgainstCommits(log), CheckChecksums(log)};
}

}  // namespace cryptostream
