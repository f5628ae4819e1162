// Rows of pinned versions for SQL. In: replayed logs. Out: a DuckDB with a view a table whose rows know their file and their place in
// it, so that a row found wrong can be named. Partition columns are left out: verify_files.cc has compared them with the rows.
#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "delta/retained_from.h"
#include "query/lake_views.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

// What DuckDB may hold of rows at once; the rest it spills, where it can. Aggregates cannot, so who has many compares in slices (verify_gold.cc).
constexpr std::uint64_t kMemoryMb = 150;

}  // namespace

std::int64_t WholeFromMicros(const Positions& one, const Positions& other) {
  return std::max<std::int64_t>(0, ToMicros(WholeFrom(one, other)));
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
  options.memory_mb = kMemoryMb;
  options.spill = true;
  options.functions = {MessageFunction()};
  options.setup = std::move(setup);
  return Duck::Open(options);
}

}  // namespace cryptostream
