#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stop.h"
#include "sink/options.h"
#include "sink/pg_error.h"

struct pg_conn;
struct pg_result;

namespace cryptostream {

// A value in text form; nullopt is NULL.
using PgValue = std::optional<std::string>;
using PgRow = std::vector<PgValue>;

// `"name"`, for SQL.
std::string PgIdentifier(std::string_view name);
// `'text'`, for SQL.
std::string PgLiteral(std::string_view text);

// One connection to PostgreSQL: libpq's door. Nothing in here waits longer than the options' timeout, nor
// when stop is requested: the connection is then of no more use, and the server rolls back what was not
// committed. Used by one thread.
class PgConnection {
 public:
  // Errors: Unavailable, with the remedy; Cancelled.
  static Result<std::unique_ptr<PgConnection>> Connect(const SinkOptions& options, StopToken stop);
  ~PgConnection();

  const PgPlace& place() const { return place_; }
  // "15.18".
  std::string server_version() const;
  // False once an answer did not come, or the server has hung up.
  bool usable() const;

  // Runs one statement with parameters $1, $2, ... Errors: Invalid (classes 22 and 23: the rows),
  // Unavailable, Cancelled.
  Result<std::vector<PgRow>> Query(const std::string& sql, const std::vector<PgValue>& values = {});
  // Runs statements without parameters, as one transaction where they do not begin one. Errors: likewise.
  Status Run(const std::string& sql);
  // The rows that the last statement of Run or Query touched.
  std::int64_t touched() const { return touched_; }

  // COPY ... FROM STDIN: begin, any number of pieces, end. Out: rows taken. Errors: likewise; after one the
  // transaction is lost.
  Status BeginCopy(const std::string& sql);
  Status PutCopy(std::string_view piece);
  Result<std::int64_t> EndCopy();
  // Instead of EndCopy: its rows do not come after all.
  void AbandonCopy();

 private:
  using Clock = std::chrono::steady_clock;
  struct Free {
    void operator()(pg_result* result) const;
  };
  using ResultPtr = std::unique_ptr<pg_result, Free>;

  PgConnection(pg_conn* connection, const SinkOptions& options, StopToken stop);
  Status FinishConnecting();
  Status WaitFor(short events, Clock::time_point deadline);
  Status Flush(Clock::time_point deadline);
  Result<ResultPtr> NextResult(Clock::time_point deadline);
  Result<ResultPtr> LastResult(std::string_view what, Clock::time_point deadline);
  Clock::time_point Deadline() const { return Clock::now() + timeout_; }
  std::unexpected<Error> Failed(std::string_view what);

  pg_conn* const connection_;
  const std::chrono::milliseconds timeout_;
  const StopToken stop_;
  PgPlace place_;
  std::int64_t touched_ = 0;
  bool lost_ = false;
};

}  // namespace cryptostream
