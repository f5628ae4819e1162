// The only door to DuckDB (C API). In: one SELECT and its parameters. Out: typed rows. Locking the configuration stops other
// files, the network and settings, but not COPY ... TO into an allowed directory (tried), so the statement type is
// checked as well. A watchdog thread interrupts what runs too long: DuckDB has no statement timeout of its own.
// Rejected: the C++ API, whose classes change with every release.
#include "query/duck.h"

#include <duckdb.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "base/stop.h"
#include "query/duck_function.h"

namespace cryptostream {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// Interrupts connections whose time is over.
class Watchdog {
 public:
  Watchdog() : thread_([this](StopToken stop) { Run(stop); }) {}

  void Watch(duckdb_connection connection, SteadyTime deadline) {
    std::lock_guard lock(mutex_);
    deadlines_[connection] = deadline;
    changed_.notify_all();
  }
  // Returns true when the connection was interrupted.
  bool Release(duckdb_connection connection) {
    std::lock_guard lock(mutex_);
    return deadlines_.erase(connection) == 0;
  }

 private:
  void Run(StopToken stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      SteadyTime now = std::chrono::steady_clock::now();
      SteadyTime next = now + std::chrono::hours(1);
      for (auto it = deadlines_.begin(); it != deadlines_.end();) {
        if (it->second <= now) {
          duckdb_interrupt(it->first);
          it = deadlines_.erase(it);
        } else {
          next = std::min(next, it->second);
          ++it;
        }
      }
      std::size_t known = deadlines_.size();
      changed_.wait_until(lock, stop, next, [&] { return deadlines_.size() != known; });
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<duckdb_connection, SteadyTime> deadlines_;
  std::jthread thread_;
};

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

duckdb_value ToDuckValue(const SqlValue& value) {
  struct Visitor {
    duckdb_value operator()(std::monostate) const { return duckdb_create_null_value(); }
    duckdb_value operator()(bool v) const { return duckdb_create_bool(v); }
    duckdb_value operator()(std::int64_t v) const { return duckdb_create_int64(v); }
    duckdb_value operator()(double v) const { return duckdb_create_double(v); }
    duckdb_value operator()(Timestamp v) const { return duckdb_create_timestamp_tz({ToMicros(v)}); }
    duckdb_value operator()(Date v) const {
      return duckdb_create_date({static_cast<std::int32_t>(v.time_since_epoch().count())});
    }
    duckdb_value operator()(const std::string& v) const { return duckdb_create_varchar_length(v.data(), v.size()); }
    duckdb_value operator()(const Blob& v) const {
      return duckdb_create_blob(reinterpret_cast<const std::uint8_t*>(v.bytes.data()), v.bytes.size());
    }
    duckdb_value operator()(const std::vector<std::string>& texts) const {
      std::vector<duckdb_value> items;
      for (const std::string& text : texts) items.push_back(duckdb_create_varchar_length(text.data(), text.size()));
      duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
      duckdb_value list = duckdb_create_list_value(type, items.data(), items.size());
      duckdb_destroy_logical_type(&type);
      for (duckdb_value& item : items) duckdb_destroy_value(&item);
      return list;
    }
  };
  return std::visit(Visitor{}, value);
}

const char* TypeName(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    default: return "VARCHAR";
  }
}

// True for types that ReadValue knows; the others are cast to text. A bare parameter's type is unknown until it runs.
bool IsPlain(duckdb_type type) {
  return type == DUCKDB_TYPE_VARCHAR || type == DUCKDB_TYPE_INVALID || std::strcmp(TypeName(type), "VARCHAR") != 0;
}

std::string ReadText(void* data, idx_t row) {
  auto* text = &static_cast<duckdb_string_t*>(data)[row];
  return std::string(duckdb_string_t_data(text), duckdb_string_t_length(*text));
}

SqlValue ReadHugeInt(duckdb_hugeint value) {
  bool fits = value.upper == (static_cast<std::int64_t>(value.lower) < 0 ? -1 : 0);
  if (fits) return static_cast<std::int64_t>(value.lower);
  return duckdb_hugeint_to_double(value);
}

SqlValue ReadValue(duckdb_type type, void* data, idx_t row) {
  auto integer = [&]<class T>(T*) -> SqlValue { return static_cast<std::int64_t>(static_cast<T*>(data)[row]); };
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return static_cast<bool*>(data)[row];
    case DUCKDB_TYPE_TINYINT: return integer(static_cast<std::int8_t*>(nullptr));
    case DUCKDB_TYPE_SMALLINT: return integer(static_cast<std::int16_t*>(nullptr));
    case DUCKDB_TYPE_INTEGER: return integer(static_cast<std::int32_t*>(nullptr));
    case DUCKDB_TYPE_BIGINT: return integer(static_cast<std::int64_t*>(nullptr));
    case DUCKDB_TYPE_UTINYINT: return integer(static_cast<std::uint8_t*>(nullptr));
    case DUCKDB_TYPE_USMALLINT: return integer(static_cast<std::uint16_t*>(nullptr));
    case DUCKDB_TYPE_UINTEGER: return integer(static_cast<std::uint32_t*>(nullptr));
    case DUCKDB_TYPE_UBIGINT: return ReadHugeInt({static_cast<std::uint64_t*>(data)[row], 0});
    case DUCKDB_TYPE_HUGEINT: return ReadHugeInt(static_cast<duckdb_hugeint*>(data)[row]);
    case DUCKDB_TYPE_FLOAT: return static_cast<double>(static_cast<float*>(data)[row]);
    case DUCKDB_TYPE_DOUBLE: return static_cast<double*>(data)[row];
    case DUCKDB_TYPE_DATE: return Date(std::chrono::days(static_cast<std::int32_t*>(data)[row]));
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ: return FromMicros(static_cast<std::int64_t*>(data)[row]);
    case DUCKDB_TYPE_BLOB: return Blob{ReadText(data, row)};
    default: return ReadText(data, row);
  }
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

// The same query with columns of types that have no form of their own as text.
std::string WithTextColumns(std::string_view sql, duckdb_prepared_statement statement) {
  std::string names, columns;
  bool all_plain = true;
  for (idx_t i = 0; i < duckdb_prepared_statement_column_count(statement); ++i) {
    const char* name = duckdb_prepared_statement_column_name(statement, i);
    std::string alias = "c" + std::to_string(i);
    bool plain = IsPlain(duckdb_prepared_statement_column_type(statement, i));
    all_plain = all_plain && plain;
    names += (i > 0 ? ", " : "") + alias;
    columns += (i > 0 ? ", " : "") + alias + (plain ? "" : "::VARCHAR") + " AS " + SqlIdentifier(name == nullptr ? alias : name);
    duckdb_free(const_cast<char*>(name));
  }
  if (all_plain) return {};
  std::size_t end = sql.find_last_not_of("; \t\r\n");
  return "SELECT " + columns + " FROM (" + std::string(sql.substr(0, end + 1)) + "\n) AS t(" + names + ")";
}

}  // namespace

struct Duck::Handles {
  duckdb_database database = nullptr;
  mutable Watchdog watchdog;
  ~Handles() { duckdb_close(&database); }

  Status Run(duckdb_connection connection, const std::string& sql, const std::vector<SqlValue>& parameters,
             const QueryLimits& limits,
             const std::function<bool(const std::vector<SqlColumn>&, std::vector<SqlValue>&&)>& visit) const;
};

Duck::Duck(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}
Duck::~Duck() = default;

Result<std::unique_ptr<Duck>> Duck::Open(const DuckOptions& options) {
  auto handles = std::make_unique<Handles>();
  if (duckdb_open(nullptr, &handles->database) == DuckDBError) return Internal("cannot open DuckDB in memory");
  Connection connection;
  if (duckdb_connect(handles->database, &connection.handle) == DuckDBError) return Internal("cannot connect to DuckDB");
  std::string directories;
  for (const std::string& directory : options.directories) {  // patterns are held against the list too, as they are written
    directories += (directories.empty() ? "" : ", ") + SqlText(directory) + ", " + SqlText(ExactPath(directory));
  }
  const std::string settings[] = {"threads = " + std::to_string(std::max(1, options.threads)),
                                  "memory_limit = '" + std::to_string(options.memory_mb) + "MB'",
                                  "temp_directory = ''",  // never spills to a disk
                                  "TimeZone = 'UTC'",     // whatever the host's is
                                  "autoinstall_known_extensions = false",
                                  "autoload_known_extensions = false",
                                  "allow_community_extensions = false"};
  for (const std::string& setting : settings) CS_TRY(RunSetup(connection.handle, "SET GLOBAL " + setting));
  CS_TRY(RunSetup(connection.handle, "SET allowed_directories = [" + directories + "]"));
  CS_TRY(RunSetup(connection.handle, "SET enable_external_access = false"));
  for (const SqlFunction& function : options.functions) CS_TRY(AddFunction(connection.handle, function));
  for (const std::string& statement : options.setup) CS_TRY(RunSetup(connection.handle, statement));
  CS_TRY(RunSetup(connection.handle, "SET lock_configuration = true"));
  return std::unique_ptr<Duck>(new Duck(std::move(handles)));
}

Status Duck::Handles::Run(duckdb_connection connection, const std::string& sql, const std::vector<SqlValue>& parameters,
                          const QueryLimits& limits,
                          const std::function<bool(const std::vector<SqlColumn>&, std::vector<SqlValue>&&)>& visit) const {
  Statement statement;
  CS_TRY(PrepareSelect(connection, sql, statement));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    duckdb_value value = ToDuckValue(parameters[i]);
    duckdb_state bound = duckdb_bind_value(statement.handle, i + 1, value);
    duckdb_destroy_value(&value);
    if (bound == DuckDBError) return Translate(duckdb_prepare_error(statement.handle), false);
  }
  if (std::string text = WithTextColumns(sql, statement.handle); !text.empty()) {
    return Run(connection, text, parameters, limits, visit);
  }
  PendingRun pending;
  RunResult result;
  if (duckdb_pending_prepared_streaming(statement.handle, &pending.handle) == DuckDBError) {
    return Translate(duckdb_pending_error(pending.handle), false);
  }
  if (duckdb_execute_pending(pending.handle, &result.handle) == DuckDBError) {
    return Translate(duckdb_result_error(&result.handle), false);
  }
  std::vector<SqlColumn> columns;
  std::vector<duckdb_type> types;
  for (idx_t i = 0; i < duckdb_column_count(&result.handle); ++i) {
    types.push_back(duckdb_column_type(&result.handle, i));
    columns.push_back({duckdb_column_name(&result.handle, i), TypeName(types.back())});
  }
  while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result.handle)) {
    idx_t rows = duckdb_data_chunk_get_size(chunk);
    bool more = rows > 0;
    for (idx_t row = 0; row < rows && more; ++row) {
      std::vector<SqlValue> values(columns.size());
      for (idx_t i = 0; i < columns.size(); ++i) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        std::uint64_t* validity = duckdb_vector_get_validity(vector);
        if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) continue;
        values[i] = ReadValue(types[i], duckdb_vector_get_data(vector), row);
      }
      more = visit(columns, std::move(values));
    }
    duckdb_destroy_data_chunk(&chunk);
    if (!more) return {};
  }
  if (const char* error = duckdb_result_error(&result.handle)) return Translate(error, false);
  return {};
}

Status Duck::ForEachRow(std::string_view sql, const std::vector<SqlValue>& parameters, const QueryLimits& limits,
                        const std::function<bool(const std::vector<SqlColumn>&, std::vector<SqlValue>&&)>& visit) const {
  Connection connection;
  if (duckdb_connect(handles_->database, &connection.handle) == DuckDBError) return Internal("cannot connect to DuckDB");
  handles_->watchdog.Watch(connection.handle, std::chrono::steady_clock::now() + limits.timeout);
  std::size_t rows = 0;
  Status done = handles_->Run(connection.handle, std::string(sql), parameters, limits,
                              [&](const std::vector<SqlColumn>& columns, std::vector<SqlValue>&& row) {
                                return ++rows <= limits.max_rows && visit(columns, std::move(row));
                              });
  bool interrupted = handles_->watchdog.Release(connection.handle);
  if (!done && interrupted) return Translate(nullptr, true);
  return done;
}

Result<SqlRows> Duck::Query(std::string_view sql, const std::vector<SqlValue>& parameters, const QueryLimits& limits) const {
  SqlRows out;
  QueryLimits one_more = limits;
  one_more.max_rows = limits.max_rows + 1;
  CS_TRY(ForEachRow(sql, parameters, one_more, [&](const std::vector<SqlColumn>& columns, std::vector<SqlValue>&& row) {
    if (out.columns.empty()) out.columns = columns;
    out.truncated = out.rows.size() == limits.max_rows;
    if (!out.truncated) out.rows.push_back(std::move(row));
    return !out.truncated;
  }));
  return out;
}

}  // namespace cryptostream
