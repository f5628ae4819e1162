// Rows of pinned versions for SQL. In: replayed logs. Out: a DuckDB, and in it a view a table whose rows know their file and their place in
// it, so that a row found wrong can be named. Partition columns are left out: verify_files.cc has compared them with the rows.
//
// Memory. DuckDB keeps some 100 KB of each file that a query reads until the query ends, and takes a thousand bytes for each row of a list of
// values: a log of 20,000 files in one query is 1 GB. So no query sees more than a portion of the files. What is compared of their rows is
// gathered into tables, which DuckDB spills where it must, or is looked at in slices of event time.
#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "delta/retained_from.h"
#include "query/lake_views.h"
#include "verify/nearest_quotient.h"
#include "verify/verify_parts.h"

namespace cryptostream {
namespace {

constexpr std::size_t kPortionFiles = 128;
constexpr std::int64_t kPortionBytes = 3 << 20;  // of bronze: about 150,000 rows

}  // namespace

std::int64_t WholeFromMicros(const Positions& one, const Positions& other) {
  return std::max<std::int64_t>(0, ToMicros(WholeFrom(one, other)));
}

Status InsertRows(const Duck& duck, const std::string& table, const std::vector<std::string>& rows) {
  constexpr std::size_t kAtOnce = 500;
  for (std::size_t from = 0; from < rows.size(); from += kAtOnce) {
    std::string values;
    for (std::size_t i = from; i < std::min(rows.size(), from + kAtOnce); ++i) values += (i > from ? ", " : "") + rows[i];
    CS_TRY(duck.Run("INSERT INTO " + table + " VALUES " + values));
  }
  return {};
}

Result<TableRows> TableRows::Open(const Duck& duck, const TableLog& log, std::vector<LoggedFile> files, const std::string& name) {
  TableRows rows(duck, log, std::move(files), name);
  CS_TRY(duck.Run("CREATE OR REPLACE TABLE " + name +
                  "_file(idx BIGINT, filename VARCHAR, path VARCHAR, version BIGINT, known BOOLEAN, data_change BOOLEAN)"));
  std::vector<std::string> values;
  for (std::size_t i = 0; i < rows.files_.size(); ++i) {
    const LoggedFile& file = rows.files_[i];
    values.push_back(fmt::format("({}, {}, {}, {}, {}, {})", i, SqlText((log.root / file.path).string()), SqlText(file.path),
                                 file.version, file.known, file.data_change));
  }
  CS_TRY(InsertRows(duck, name + "_file", values));
  CS_TRY(rows.Show({}));
  return rows;
}

Result<TableRows> TableRows::Open(const Duck& duck, const TableLog& log, const std::string& name) {
  CS_ASSIGN(std::vector<LoggedFile> files, log.FilesAt(log.version));
  return Open(duck, log, std::move(files), name);
}

Status TableRows::Show(const std::vector<std::size_t>& which) const {
  std::vector<std::string> paths;
  for (std::size_t i : which) paths.push_back((log_->root / files_[i].path).string());
  return duck_->Run("CREATE OR REPLACE VIEW " + name_ + "_row AS " + FilesSelect(*log_->layout, paths) + " JOIN " + name_ +
                    "_file USING (filename)");
}

Status TableRows::ForEachPortion(const std::vector<std::size_t>& which, const Look& look) const {
  std::vector<std::size_t> portion;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < which.size(); ++i) {
    const LoggedFile& file = files_[which[i]];
    portion.push_back(which[i]);
    bytes += file.size_bytes;
    bool full = portion.size() >= kPortionFiles || bytes >= kPortionBytes;
    bool together = i + 1 < which.size() && file.known && file.data_change && files_[which[i + 1]].version == file.version;
    if (i + 1 < which.size() && (!full || together)) continue;
    CS_TRY(Show(portion));
    CS_TRY(look(portion));
    portion.clear();
    bytes = 0;
  }
  return Show({});
}

Status TableRows::ForEachPortion(const Look& look) const {
  std::vector<std::size_t> all(files_.size());
  std::iota(all.begin(), all.end(), 0);
  return ForEachPortion(all, look);
}

Status TableRows::Fill(const std::string& table, const std::string& select, const std::vector<std::size_t>& which) const {
  CS_TRY(duck_->Run("CREATE OR REPLACE TABLE " + table + " AS " + select));  // none of the files is seen: its columns
  return ForEachPortion(which, [&](const auto&) { return duck_->Run("INSERT INTO " + table + " " + select); });
}

Status TableRows::Fill(const std::string& table, const std::string& select) const {
  CS_TRY(duck_->Run("CREATE OR REPLACE TABLE " + table + " AS " + select));
  return ForEachPortion([&](const auto&) { return duck_->Run("INSERT INTO " + table + " " + select); });
}

Result<std::unique_ptr<Duck>> OpenRows(const PinnedTables& tables, std::vector<std::string> setup) {
  DuckOptions options;
  for (const auto& [name, log] : tables) options.directories.push_back(log.root.string() + "/");
  options.memory_mb = tables.memory_mb;
  options.spill = true;
  options.functions = {MessageFunction(), QuotientFunction()};
  options.setup = {"SET GLOBAL enable_external_file_cache = false",  // each file is read once or twice: the memory is for rows
                   "SET GLOBAL preserve_insertion_order = false",    // else what is inserted waits for its turn in memory
                   "CREATE MACRO shown(x) AS coalesce(x::VARCHAR, 'null')"};
  options.setup.insert(options.setup.end(), std::make_move_iterator(setup.begin()), std::make_move_iterator(setup.end()));
  return Duck::Open(options);
}

}  // namespace cryptostream
