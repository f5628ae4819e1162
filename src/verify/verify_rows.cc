// Rows of pinned versions for SQL. In: replayed logs. Out: a DuckDB with a view a table whose rows know their file and their place in
// it, so that a row found wrong can be named. Partition columns are left out: verify_files.cc has compared them with the rows.
#include <arrow/api.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "delta/position.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// A third of the machine's memory: a verification may run beside the writer.
std::uint64_t MemoryMb() {
  auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  auto page_bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  return std::clamp<std::uint64_t>(pages * page_bytes / (3u << 20), 1024, 16384);
}

}  // namespace

void Wrong(Check& check, std::string place) {
  check.ok = false;
  if (check.places.size() < kMaxPlaces) check.places.push_back(std::move(place));
}

std::size_t WrongRows(Check& check, const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters,
                      const std::string& where) {
  auto rows = duck.Query(sql, parameters, Patient(kMaxPlaces + 1));
  if (!rows) {
    Wrong(check, where + rows.error().message);
    return 1;
  }
  for (const auto& row : rows->rows) Wrong(check, SqlValueText(row[0]));
  return rows->rows.size();
}

Result<std::int64_t> Number(const Duck& duck, const std::string& sql, const std::vector<SqlValue>& parameters) {
  CS_ASSIGN(SqlRows rows, duck.Query(sql, parameters, Patient(1)));
  if (rows.rows.empty() || !std::holds_alternative<std::int64_t>(rows.rows[0][0])) return 0;
  return std::get<std::int64_t>(rows.rows[0][0]);
}

std::int64_t WholeFromMicros(const Positions& one, const Positions& other) {
  std::string id = AppId("retained-from");
  return std::max({std::int64_t{0}, PositionOr(one, id, 0), PositionOr(other, id, 0)});
}

std::vector<std::string> RowsOf(const TableLog& log, const std::vector<LoggedFile>& files, const std::string& name) {
  std::string types = "(idx BIGINT, filename VARCHAR, path VARCHAR, version BIGINT, known BOOLEAN, data_change BOOLEAN)";
  std::vector<std::string> setup{"CREATE TABLE " + name + "_file" + types};
  std::vector<std::string> paths;
  std::string values;
  for (std::size_t i = 0; i < files.size(); ++i) {
    paths.push_back((log.root / files[i].path).string());
    values += fmt::format("{}({}, {}, {}, {}, {}, {})", i > 0 ? ", " : "", i, SqlText(paths.back()), SqlText(files[i].path),
                          files[i].version, files[i].known, files[i].data_change);
  }
  if (!files.empty()) setup.push_back("INSERT INTO " + name + "_file VALUES " + values);
  setup.push_back("CREATE VIEW " + name + "_row AS " + FilesSelect(*log.layout, paths) + " JOIN " + name +
                  "_file USING (filename)");
  setup.push_back("CREATE OR REPLACE MACRO shown(x) AS coalesce(x::VARCHAR, 'null')");
  return setup;
}

Result<std::vector<std::string>> RowSetup(const TableLog& log, Version at, const std::string& name) {
  CS_ASSIGN(std::vector<LoggedFile> files, log.FilesAt(at));
  return RowsOf(log, files, name);
}

Result<std::unique_ptr<Duck>> OpenRows(const PinnedTables& tables, std::vector<std::string> setup) {
  DuckOptions options;
  for (const auto& [name, log] : tables) options.directories.push_back(log.root.string() + "/");
  options.memory_mb = MemoryMb();
  options.functions = {MessageFunction()};
  options.setup = std::move(setup);
  return Duck::Open(options);
}

}  // namespace cryptostream
