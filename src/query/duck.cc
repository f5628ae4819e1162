// The only door to DuckDB (C API). In: one SELECT and its parameters. Out: typed rows. Locking the configuration stops other
// files, the network and settings, but not COPY ... TO into an allowed directory (tried), so the statement type is
// checked as well.
// Rejected: the C++ API, whose classes change with every release.
#include "query/duck.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/stop.h"
#include "query/duck_function.h"
#include "query/duck_value.h"
#include "query/duck_watchdog.h"

namespace cryptostream {
namespace {

struct Connection {
  duckdb_connection handle = nullptr;
  ~Connection() { duckdb_disconnect(&handle); }
};
struct Statement {
  duckdb_prepared_statement handle = nullptr;
  ~Statement() { duckdb_destroy_prepare(&handle); }
};
struct Extracted {
  duckdb_extracted_statements handle = nullptr;
  ~Extracted() { duckdb_destroy_extracted(&handle); }
};
struct PendingRun {
  duckdb_pending_result handle = nullptr;
  ~PendingRun() { duckdb_destroy_pending(&handle); }
};
struct RunResult {
  duckdb_result handle{};
  ~RunResult() { duckdb_destroy_result(&handle); }
};

// DuckDB's error as one of ours: its messages begin with their class.
std::unexpected<Error> Translate(const char* message, bool interrupted) {
  std::string text = message == nullptr ? "unknown error" : message;
  if (interrupted || text.starts_with("INTERRUPT")) {
    return Unavailable("query took too long: ask for a shorter range or fewer columns");
  }
  if (text.starts_with("Out of Memory")) return Unavailable("query needs more memory than allowed: reason=" + text);
  if (text.starts_with("IO Error")) {
    bool gone = text.find("No such file") != text.npos || text.find("No files found") != text.npos;
    return Fail(gone ? ErrorKind::kNotFound : ErrorKind::kUnavailable, "cannot read a file of the query: reason=" + text);
  }
  if (text.starts_with("INTERNAL") || text.starts_with("FATAL")) return Internal("query failed: reason=" + text);
  return Invalid("query refused: reason=" + text);
}

Status RunSetup(duckdb_connection connection, const std::string& sql) {
  RunResult result;
  if (duckdb_query(connection, sql.c_str(), &result.handle) == DuckDBError) {
    return Translate(duckdb_result_error(&result.handle), false);
  }
  return {};
}

// Prepares a text that must be exactly one SELECT.
Status PrepareSelect(duckdb_connection connection, const std::string& sql, Statement& out) {
  Extracted extracted;
  idx_t count = duckdb_extract_statements(connection, sql.c_str(), &extracted.handle);
  if (count == 0) {
    const char* error = duckdb_extract_statements_error(extracted.handle);
    return error != nullptr ? Translate(error, false) : Invalid("query is empty: write one SELECT");
  }
  if (count > 1) return Invalid("query has more than one statement: write one SELECT");
  if (duckdb_prepare_extracted_statement(connection, extracted.handle, 0, &out.handle) == DuckDBError) {
    return Translate(duckdb_prepare_error(out.handle), false);
  }
  if (duckdb_prepared_statement_type(out.handle) != DUCKDB_STATEMENT_TYPE_SELECT) {
    return Invalid("query is not a select: only SELECT is allowed");
  }
  return {};
}

// A query around `sql` with one expression a column, made of the column's place and its type; the columns keep their names.
std::string Around(std::string_view sql, duckdb_prepared_statement statement,
                   const std::function<std::string(const std::string&, duckdb_logical_type)>& expression) {
  std::string names, columns;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(statement); ++i) {
    const char* name = duckdb_prepared_statement_column_name(statement, i);
    duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(statement, i);
    std::string place = "c" + std::to_string(i);
    names += (i > 0 ? ", " : "") + place;
    columns += (i > 0 ? ", " : "") + expression(place, type) + " AS " + SqlIdentifier(name == nullptr ? place : name);
    duckdb_destroy_logical_type(&type);
    duckdb_free(const_cast<char*>(name));
  }
  return "SELECT " + columns + " FROM (" + SqlWithoutEnd(sql) + "\n) AS t(" + names + ")";
}

// The same query with columns cast to types that we read; empty when none needs it. The type of a parameter is unknown until it runs.
std::string WithReadableColumns(std::string_view sql, duckdb_prepared_statement statement) {
  bool cast = false;
  std::string around = Around(sql, statement, [&](const std::string& place, duckdb_logical_type type) {
    bool parameter = duckdb_get_type_id(type) == DUCKDB_TYPE_INVALID && duckdb_nparams(statement) > 0;
    CastPlan plan = parameter ? CastPlan{} : PlanCast(type);
    cast = cast || plan.needed;
    return plan.needed ? place + "::" + plan.type : place;
  });
  return cast ? around : "";
}

// The same query for a Parquet file: what Parquet has no type for in a type that keeps its digits (DuckDB would write a double).
std::string ForParquet(std::string_view sql, duckdb_prepared_statement statement, std::size_t max_rows) {
  std::string around = Around(sql, statement, [](const std::string& place, duckdb_logical_type type) {
    duckdb_type id = duckdb_get_type_id(type);
    return place + (id == DUCKDB_TYPE_HUGEINT || id == DUCKDB_TYPE_UHUGEINT ? "::DECIMAL(38,0)" : "");
  });
  return max_rows == kNoRowLimit ? around : around + " LIMIT " + std::to_string(max_rows);
}

Result<std::string> MakeSpillFolder() {
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "cryptostream-XXXXXX").string();
  if (!error && ::mkdtemp(folder.data()) != nullptr) return folder;
  return Unavailable("cannot make a folder for what does not fit into the memory: path=" + folder +
                     " reason=" + (error ? error : std::error_code(errno, std::system_category())).message() + " (set TMPDIR)");
}

}  // namespace

struct Duck::Handles {
  duckdb_database database = nullptr;
  std::string spill_folder;
  mutable Watchdog watchdog;
  ~Handles() {
    duckdb_close(&database);
    std::error_code ignored;
    if (!spill_folder.empty()) std::filesystem::remove_all(spill_folder, ignored);
  }

  // Runs `work` on a connection of its own, interrupted when its time is over or a stop is asked for.
  Status Within(const QueryLimits& limits, const std::function<Status(duckdb_connection)>& work) const;
};

Duck::Duck(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
Duck::~Duck() = default;

Result<std::unique_ptr<Duck>> Duck::Open(const DuckOptions& options) {
  auto handles = std::make_unique<Handles>();
  if (duckdb_open(nullptr, &handles->database) == DuckDBError) return Internal("cannot open DuckDB in memory");
  Connection connection;
  if (duckdb_connect(handles->database, &connection.handle) == DuckDBError) return Internal("cannot connect to DuckDB");
  if (options.spill) {
    CS_ASSIGN(handles->spill_folder, MakeSpillFolder());
  }
  std::vector<std::string> directories;
  for (const std::string& directory : options.directories) {  // patterns are held against the list too, as they are written
    directories.push_back(directory);
    directories.push_back(ExactPath(directory));
  }
  auto list = [](const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + SqlText(text);
    return "[" + out + "]";
  };
  const std::string settings[] = {"threads = " + std::to_string(std::max(1, options.threads)),
                                  "memory_limit = '" + std::to_string(options.memory_mb) + "MB'",
                                  "temp_directory = " + SqlText(handles->spill_folder),  // '': never spills to a disk
                                  "TimeZone = 'UTC'",                                    // whatever the host's is
                                  "autoinstall_known_extensions = false",
                                  "autoload_known_extensions = false",
                                  "allow_community_extensions = false"};
  for (const std::string& setting : settings) CS_TRY(RunSetup(connection.handle, "SET GLOBAL " + setting));
  CS_TRY(RunSetup(connection.handle, "SET allowed_directories = " + list(directories)));
  if (!options.output_file.empty()) CS_TRY(RunSetup(connection.handle, "SET allowed_paths = " + list({options.output_file})));
  CS_TRY(RunSetup(connection.handle, "SET enable_external_access = false"));
  for (const SqlFunction& function : options.functions) CS_TRY(AddFunction(connection.handle, function));
  for (const std::string& statement : options.setup) CS_TRY(RunSetup(connection.handle, statement));
  CS_TRY(RunSetup(connection.handle, "SET lock_configuration = true"));
  return std::unique_ptr<Duck>(new Duck(std::move(handles)));
}

namespace {

// Reads a running result row by row.
Status ReadResult(duckdb_result& result, const SqlVisitor& visit) {
  std::vector<ColumnReader> readers;
  std::vector<SqlColumn> columns;
  for (idx_t i = 0; i < duckdb_column_count(&result); ++i) {
    duckdb_logical_type type = duckdb_column_logical_type(&result, i);
    readers.push_back(MakeReader(duckdb_column_name(&result, i), type));
    duckdb_destroy_logical_type(&type);
    if (!readers.back().readable()) {
      return Invalid("a column has a type that cannot be shown: column=" + readers.back().column.name + " (cast it to VARCHAR)");
    }
    columns.push_back(readers.back().column);
  }
  if (visit.columns) visit.columns(columns);
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
    idx_t rows = duckdb_data_chunk_get_size(chunk);
    bool more = rows > 0;
    for (idx_t row = 0; row < rows && more; ++row) {
      std::vector<SqlValue> values(columns.size());
      for (idx_t i = 0; i < columns.size(); ++i) values[i] = readers[i].Read(duckdb_data_chunk_get_vector(chunk, i), row);
      more = visit.row(columns, std::move(values));
    }
    duckdb_destroy_data_chunk(&chunk);
    if (!more) return {};
  }
  if (const char* error = duckdb_result_error(&result)) return Translate(error, false);
  return {};
}

Status RunSelect(duckdb_connection connection, const std::string& sql, const std::vector<SqlValue>& parameters,
                 const SqlVisitor& visit) {
  Statement statement;
  CS_TRY(PrepareSelect(connection, sql, statement));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    duckdb_value value = ToDuckValue(parameters[i]);
    duckdb_state bound = duckdb_bind_value(statement.handle, i + 1, value);
    duckdb_destroy_value(&value);
    if (bound == DuckDBError) return Translate(duckdb_prepare_error(statement.handle), false);
  }
  if (std::string readable = WithReadableColumns(sql, statement.handle); !readable.empty()) {
    return RunSelect(connection, readable, parameters, visit);
  }
  PendingRun pending;
  RunResult result;
  if (duckdb_pending_prepared_streaming(statement.handle, &pending.handle) == DuckDBError) {
    return Translate(duckdb_pending_error(pending.handle), false);
  }
  if (duckdb_execute_pending(pending.handle, &result.handle) == DuckDBError) {
    return Translate(duckdb_result_error(&result.handle), false);
  }
  return ReadResult(result.handle, visit);
}

}  // namespace

Status Duck::Handles::Within(const QueryLimits& limits, const std::function<Status(duckdb_connection)>& work) const {
  Connection connection;
  if (duckdb_connect(database, &connection.handle) == DuckDBError) return Internal("cannot connect to DuckDB");
  bool timed = limits.timeout != kNoTimeout;
  if (timed) watchdog.Watch(connection.handle, std::chrono::steady_clock::now() + limits.timeout);
  std::stop_callback stopping(limits.stop, [&] { duckdb_interrupt(connection.handle); });
  Status done = work(connection.handle);
  bool interrupted = timed && watchdog.Release(connection.handle);
  if (limits.stop.stop_requested()) return Cancelled("stopped before the query ended");
  if (!done && interrupted) return Translate(nullptr, true);
  return done;
}

Status Duck::Run(const std::string& statement) const {
  return handles_->Within({.timeout = kNoTimeout}, [&](duckdb_connection connection) { return RunSetup(connection, statement); });
}

Status Duck::ForEachRow(std::string_view sql, const std::vector<SqlValue>& parameters, const QueryLimits& limits,
                        const SqlVisitor& visit) const {
  return handles_->Within(limits, [&](duckdb_connection connection) {
    std::size_t rows = 0;
    auto take = [&](const std::vector<SqlColumn>& columns, std::vector<SqlValue>&& row) {
      return ++rows <= limits.max_rows && !limits.stop.stop_requested() && visit.row(columns, std::move(row));
    };
    return RunSelect(connection, std::string(sql), parameters, {take, visit.columns});
  });
}

Result<SqlRows> Duck::Query(std::string_view sql, const std::vector<SqlValue>& parameters, const QueryLimits& limits) const {
  SqlRows out;
  auto take = [&](const std::vector<SqlColumn>&, std::vector<SqlValue>&& row) {
    out.truncated = out.rows.size() == limits.max_rows;
    if (!out.truncated) out.rows.push_back(std::move(row));
    return !out.truncated;
  };
  QueryLimits all = limits;
  all.max_rows = kNoRowLimit;
  CS_TRY(ForEachRow(sql, parameters, all, {take, [&](const std::vector<SqlColumn>& columns) { out.columns = columns; }}));
  return out;
}

Result<std::int64_t> Duck::CopyToParquet(std::string_view sql, const std::string& file, const QueryLimits& limits) const {
  std::int64_t rows = 0;
  CS_TRY(handles_->Within(limits, [&](duckdb_connection connection) -> Status {
    Statement statement;
    CS_TRY(PrepareSelect(connection, std::string(sql), statement));
    RunResult result;
    std::string copy = "COPY (" + ForParquet(sql, statement.handle, limits.max_rows) + ") TO " + SqlText(file) +
                       " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)";
    if (duckdb_query(connection, copy.c_str(), &result.handle) == DuckDBError) {
      std::string reason = duckdb_result_error(&result.handle);
      bool writing = reason.starts_with("IO Error") && reason.find(file) != std::string::npos;
      if (writing)
        return Unavailable("cannot write the output: file=" + file + " reason=" + reason.substr(reason.find(": ") + 2));
      return Translate(reason.c_str(), false);
    }
    rows = static_cast<std::int64_t>(duckdb_rows_changed(&result.handle));
    return {};
  }));
  return rows;
}

}  // namespace cryptostream
