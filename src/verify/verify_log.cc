// A log's actions among each other. In: the replayed log. Out: whether each file was added once and removed only while it was live,
// positions only went forward, each commit holds what its own commitInfo counts, and the table is still what it was created as. Last
// the kernel is asked for the same version: what the engine will see must be what the files say.
#include <arrow/api.h>
#include <fmt/format.h>

#include "delta/table.h"
#include "verify/verify_parts.h"

namespace cryptostream {

Check CheckActions(const TableLog& log) {
  Check check{log.layout->name + ": log contiguous, files added once and removed once", true, "", {}};
  check.detail = log.base == kNoVersion ? fmt::format("versions 0 to {}", log.version)
                                        : fmt::format("checkpoint {}, then versions to {}", log.base, log.version);
  WrongRows(check, *log.duck, R"(
    SELECT format('version={}: the commit has {} commitInfo lines instead of 1', version, count("commitInfo"))
    FROM range($1, $2) AS r(version) LEFT JOIN line USING (version) GROUP BY version HAVING count("commitInfo") <> 1 ORDER BY 1)",
            {log.first_commit, log.version + 1});
  WrongRows(check, *log.duck, R"(
    WITH ordered AS (SELECT *, lag(kind) OVER (PARTITION BY path ORDER BY version, line) AS before FROM action)
    SELECT format('version={} file={}: {}', version, path,
        CASE WHEN kind = 'add' THEN 'added twice' ELSE 'removed, but it was not live' END)
    FROM ordered WHERE (kind = 'add' AND before = 'add') OR (kind = 'remove' AND before IS DISTINCT FROM 'add')
    ORDER BY version, line)");
  return check;
}

// What a commit of ours says about its own content (CommitOnce): a commit that lost a line, or in which a position was changed.
Check CheckCommits(const TableLog& log) {
  Check check{log.layout->name + ": each commit holds what it says", true, "", {}};
  WrongRows(check, *log.duck, R"(
    WITH said AS (SELECT version, ("commitInfo"->'$.operationParameters') AS p FROM line
        WHERE ("commitInfo"->>'$.engineInfo') = 'cryptostream' AND ("commitInfo"->>'$.operationParameters.positionSum') IS NOT NULL),
      held AS (SELECT version, count("add") AS files, count("remove") AS removed, count(txn) AS positions,
          coalesce(sum(txn.version), 0)::VARCHAR AS position_sum,
          coalesce(sum(("add".stats->>'$.numRecords')::BIGINT), 0) AS rows FROM line GROUP BY version),
      pairs AS (SELECT version, unnest([
          {'what': 'files added', 'says': (p->>'$.files'), 'has': files::VARCHAR},
          {'what': 'files removed', 'says': (p->>'$.filesRemoved'), 'has': removed::VARCHAR},
          {'what': 'rows added', 'says': (p->>'$.rows'), 'has': rows::VARCHAR},
          {'what': 'positions', 'says': (p->>'$.positions'), 'has': positions::VARCHAR},
          {'what': 'sum of positions', 'says': (p->>'$.positionSum'), 'has': position_sum}]) AS pair FROM said JOIN held USING (version))
    SELECT format('version={}: {}: the commit says {}, it has {}', version, pair.what, coalesce(pair.says, 'nothing'), pair.has)
    FROM pairs WHERE pair.says IS DISTINCT FROM pair.has ORDER BY version)");
  check.detail = fmt::format("{} commits", log.listing.commits.size());
  return check;
}

Check CheckPositions(const TableLog& log) {
  Check check{log.layout->name + ": positions never go back", true, "", {}};
  WrongRows(check, *log.duck, R"(
    WITH ordered AS (SELECT *, lag(value) OVER (PARTITION BY id ORDER BY version, line) AS before,
        lag(version) OVER (PARTITION BY id ORDER BY version, line) AS version_before FROM position)
    SELECT format('version={} position={}: {} after {}', version, id, value, before) FROM ordered
    WHERE value < before OR version = version_before ORDER BY version, line)");
  auto ids = Number(*log.duck, "SELECT count(DISTINCT id) FROM position");
  if (ids) check.detail = fmt::format("{} positions", *ids);
  return check;
}

namespace {

Check CheckMetadata(const TableLog& log) {
  Check check{log.layout->name + ": the table as it was created", true, "id " + log.table_id, {}};
  WrongRows(check, *log.duck,
            "SELECT format('version={}: the table has another id: {}', version, id) FROM metadata WHERE id <> $1",
            {log.table_id});
  auto rows = log.duck->Query(
      "SELECT p.key, p.value FROM (SELECT unnest(map_entries(properties)) AS p FROM "
      "(SELECT properties FROM metadata ORDER BY version DESC LIMIT 1))");
  if (!rows) {
    Wrong(check, rows.error().message);
    return check;
  }
  std::map<std::string, std::string> found;
  for (const auto& row : rows->rows) found.try_emplace(SqlValueText(row[0]), SqlValueText(row[1]));
  for (const auto& [key, value] : DefaultTableProperties(*log.layout->schema, log.layout->partition_columns)) {
    auto has = found.find(key);
    if (has == found.end()) Wrong(check, "property=" + key + ": it is gone");
    bool configured = key.ends_with("RetentionDuration");  // `[maintenance]` had its say when the table was made
    if (has != found.end() && has->second != value && !(configured && has->second.starts_with("interval ")))
      Wrong(check, "property=" + key + ": is " + has->second + ", was " + value);
  }
  // Positions must outlive everything: a table that forgets them would be filled twice.
  if (found.contains("delta.setTransactionRetentionDuration")) {
    Wrong(check, "property=delta.setTransactionRetentionDuration: the table forgets its positions (unset it)");
  }
  return check;
}

void CompareFiles(Check& check, const TableLog& log, const std::vector<DataFile>& seen) {
  auto files = log.FilesAt(log.version);
  if (!files) return Wrong(check, files.error().message);
  std::map<std::string, std::int64_t> logged;
  for (const LoggedFile& file : *files) logged[file.path] = file.size_bytes;
  for (const DataFile& file : seen) {
    auto found = logged.find(file.path);
    if (found == logged.end()) {
      Wrong(check, fmt::format("version={} file={}: the kernel sees it, the commits do not", log.version, file.path));
    } else if (found->second != file.size_bytes) {
      Wrong(check, fmt::format("version={} file={}: the kernel sees another size", log.version, file.path));
    }
    if (found != logged.end()) logged.erase(found);
  }
  for (const auto& [path, size] : logged) {
    Wrong(check, fmt::format("version={} file={}: the commits have it, the kernel does not", log.version, path));
  }
}

void ComparePositions(Check& check, const TableLog& log, const std::map<std::string, std::int64_t>& seen) {
  auto logged = log.PositionsAt(log.version);
  if (!logged) return Wrong(check, logged.error().message);
  std::erase_if(*logged, [](const auto& entry) { return !entry.first.starts_with("cryptostream/"); });
  for (const auto& [id, value] : seen) {
    auto found = logged->find(id);
    if (found == logged->end() || found->second != value) {
      Wrong(check, fmt::format("version={} position={}: the kernel sees {}, the commits have {}", log.version, id, value,
                               found == logged->end() ? "none" : std::to_string(found->second)));
    }
  }
  for (const auto& [id, value] : *logged) {
    if (!seen.contains(id)) Wrong(check, fmt::format("version={} position={}: the kernel does not see it", log.version, id));
  }
}

Check CheckKernel(const TableLog& log) {
  Check check{log.layout->name + ": the kernel sees the same", true, "", {}};
  auto table = Table::Open(log.root.string(), {.fsync = false, .version = log.version});
  if (!table) {
    Wrong(check, table.error().message);
    return check;
  }
  for (const auto& field : log.layout->schema->fields()) {
    auto there = (*table)->schema()->GetFieldByName(field->name());
    if (there && there->type()->Equals(*field->type())) continue;
    Wrong(check, fmt::format("column={}: {}", field->name(), there ? "is of type " + there->type()->ToString() : "is missing"));
  }
  if ((*table)->snapshot()->partition_columns() != log.layout->partition_columns)
    Wrong(check, "the table is partitioned otherwise");
  auto files = (*table)->Files();
  auto positions = (*table)->Txns();
  if (files) CompareFiles(check, log, *files);
  if (!files) Wrong(check, files.error().message);
  if (positions) ComparePositions(check, log, *positions);
  if (!positions) Wrong(check, positions.error().message);
  check.detail = fmt::format("version {}, {} files", log.version, files ? files->size() : 0);
  return check;
}

}  // namespace

std::vector<Check> CheckLog(const TableLog& log) {
  return {CheckActions(log), CheckCommits(log), CheckPositions(log), CheckMetadata(log), CheckKernel(log)};
}

}  // namespace cryptostream
