#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "query/sql_function.h"
#include "query/sql_value.h"

namespace cryptostream {

struct DuckOptions {
  std::vector<std::string> directories;  // the only ones whose files can be read; as on the disk, each ends with "/"
  int threads = 2;
  std::uint64_t memory_mb = 512;
  bool spill = false;  // what does not fit into the memory goes to a folder of its own below the system's for temporary files
  std::vector<SqlFunction> functions;  // of ours, known to the setup and to all queries
  std::vector<std::string> setup;      // our own statements (views), run before the configuration is locked
  std::string output_file;             // the one file that CopyToParquet may write
};

inline constexpr std::chrono::milliseconds kNoTimeout = std::chrono::milliseconds::max();
inline constexpr std::size_t kNoRowLimit = std::numeric_limits<std::size_t>::max();

struct QueryLimits {
  std::chrono::milliseconds timeout{10'000};
  std::size_t max_rows = kNoRowLimit;
  StopToken stop;  // interrupts the query
};

using SqlRow = std::vector<SqlValue>;
// What is done with a result while it is read.
struct SqlVisitor {
  using Columns = std::function<void(const std::vector<SqlColumn>&)>;
  using Row = std::function<bool(const std::vector<SqlColumn>&, SqlRow&&)>;

  template <std::convertible_to<Row> Function>
  SqlVisitor(Function function, Columns before = {}) : row(std::move(function)), columns(std::move(before)) {}

  Row row;          // called for each row; false stops
  Columns columns;  // called once before the rows, also when there are none; need not be set
};

// DuckDB as we use it: an in-memory database that reads Parquet files of given directories and nothing else. Opened, it
// takes single SELECT statements only: the network, other files, INSTALL, ATTACH, settings and COPY ... TO are refused. Thread-safe:
// each query has a connection of its own.
class Duck {
 public:
  // Errors: Invalid (a setup statement is refused), Internal.
  static Result<std::unique_ptr<Duck>> Open(const DuckOptions& options);
  ~Duck();

  // Runs one prepared SELECT with parameters $1, $2, ...
  // Errors: Invalid (syntax, not a select, more than one statement, an unknown name), NotFound (a file is gone), Unavailable
  // (took longer than the limit, or needs more memory), Cancelled, Internal.
  Result<SqlRows> Query(std::string_view sql, const std::vector<SqlValue>& parameters = {}, const QueryLimits& limits = {}) const;
  // The same without holding the result in memory.
  Status ForEachRow(std::string_view sql, const std::vector<SqlValue>& parameters, const QueryLimits& limits,
                    const SqlVisitor& visit) const;
  // Runs one statement of ours that makes, fills or drops a table or view in memory. Never for a text that came from outside: what a query
  // may do is not looked at. Errors: as of Query.
  Status Run(const std::string& statement) const;
  // Writes the result of one SELECT to a Parquet file, types kept. Out: how many rows. Errors: as above; Unavailable when the file
  // cannot be written. Requires: DuckOptions::output_file.
  Result<std::int64_t> CopyToParquet(std::string_view sql, const std::string& file, const QueryLimits& limits = {}) const;

 private:
  struct Handles;
  explicit Duck(std::unique_ptr<Handles> handles);
  std::unique_ptr<Handles> handles_;
};

// 'text' as a SQL literal, quotes doubled.
std::string SqlText(std::string_view text);
// A path on the disk as DuckDB's table functions take it: they read "*", "?" and "[" in it as a pattern, this
// one matches that path alone.
std::string ExactPath(std::string_view path);
// "name" as a SQL identifier, quotes doubled.
std::string SqlIdentifier(std::string_view name);
// One statement without what ends it (a semicolon, and comments after it), so that it can stand inside another.
std::string SqlWithoutEnd(std::string_view sql);

}  // namespace cryptostream
