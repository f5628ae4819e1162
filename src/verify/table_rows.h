#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/duck.h"
#include "verify/table_log.h"

namespace cryptostream {

// Fills a table from rows written as SQL ("(1, 'a')"). Errors: as of Duck::Run.
Status InsertRows(const Duck& duck, const std::string& table, const std::vector<std::string>& rows);

// A table's files at a version for SQL, as the table `<name>_file(idx, filename, path, version, known, data_change)`, idx being their place in
// files(); and their rows, a portion of the files at a time, as the view `<name>_row`: the data files' columns with those of their file and
// file_row_number. Between portions the view has no rows. New rows of one commit are never in two portions.
class TableRows {
 public:
  using Look = std::function<Status(const std::vector<std::size_t>& portion)>;
  // Errors: as of Duck::Run. Requires: `duck` and `log` live longer.
  static Result<TableRows> Open(const Duck& duck, const TableLog& log, std::vector<LoggedFile> files, const std::string& name);
  static Result<TableRows> Open(const Duck& duck, const TableLog& log, const std::string& name);  // of the pinned version
  const std::vector<LoggedFile>& files() const { return files_; }
  // Makes exactly these files' rows visible.
  Status Show(const std::vector<std::size_t>& which) const;
  // Calls `look` for each portion of all files, or of these, while it is visible.
  Status ForEachPortion(const Look& look) const;
  Status ForEachPortion(const std::vector<std::size_t>& which, const Look& look) const;
  // Makes or replaces a table by what `select` gives for each portion.
  Status Fill(const std::string& table, const std::string& select) const;
  Status Fill(const std::string& table, const std::string& select, const std::vector<std::size_t>& which) const;

 private:
  TableRows(const Duck& duck, const TableLog& log, std::vector<LoggedFile> files, std::string name)
      : duck_(&duck), log_(&log), files_(std::move(files)), name_(std::move(name)) {}
  const Duck* duck_;
  const TableLog* log_;
  std::vector<LoggedFile> files_;
  std::string name_;
};

}  // namespace cryptostream
