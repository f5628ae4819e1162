#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "query/duck.h"
#include "verify/table_log.h"
#include "verify/verify.h"

namespace cryptostream {

// Data files of a table beside what its log says of them. For verify/verify_files.cc.
class FileStatistics {
 public:
  // A column with statistics. What its bounds are, here: microseconds, days, whole numbers, texts.
  struct Leaf {
    std::string name;    // "window.start"
    std::string column;  // "window"."start"
    arrow::Type::type type;
    bool added = false;  // files of an earlier format have neither it nor statistics of it
  };
  // Requires: `log` lives longer.
  explicit FileStatistics(const TableLog& log);
  // A query with a row a file that has rows, of what is in it; every value of every column is read. The first column is the file's path.
  std::string Sql(const std::vector<LiveFile>& files) const;
  // Names where a file is not as its Add says. In: its row of the query; nullptr: it had none.
  void Compare(Check& check, const LiveFile& file, const SqlRow* row) const;

 private:
  const TableLog& log_;
  std::vector<Leaf> leaves_;
};

}  // namespace cryptostream
