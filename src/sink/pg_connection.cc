// libpq, without its blocking half: each wait is a poll() with a deadline that a stop ends, so that a server
// which never answers costs the sink its timeout and the program nothing. In: SQL and pieces of COPY. Out:
// results as text, errors as ours.
#include "sink/pg_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"

namespace cryptostream {
namespace {

constexpr std::chrono::milliseconds kSlice{50};  // how soon a stop is seen
constexpr std::chrono::seconds kConnectTimeout{10};

const char* SslMode(PgTls tls) {
  switch (tls) {
    case PgTls::kAuto: return nullptr;
    case PgTls::kDisable: return "disable";
    case PgTls::kPrefer: return "prefer";
    case PgTls::kRequire: return "require";
    case PgTls::kVerifyCa: return "verify-ca";
    case PgTls::kVerifyFull: return "verify-full";
  }
  return nullptr;
}

// What the URL says of a parameter; empty where it says nothing.
std::string UrlValue(const std::string& url, std::string_view keyword) {
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  for (const PQconninfoOption* option = parsed.get(); option && option->keyword; ++option) {
    if (option->keyword == keyword && option->val) return option->val;
  }
  return "";
}

bool IsThisMachine(const std::string& host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" || host == "127.0.0.1" ||
         host == "::1";
}

// "require" where a password or prices would go over a network and nobody has said anything of TLS.
std::string ModeFor(const SinkOptions& options) {
  if (const char* mode = SslMode(options.tls)) return mode;
  if (!UrlValue(options.url, "sslmode").empty() || std::getenv("PGSSLMODE") != nullptr) return "";
  std::string host = UrlValue(options.url, "host");
  if (const char* given = std::getenv("PGHOST"); host.empty() && given) host = given;
  return IsThisMachine(host) ? "" : "require";
}

Result<Secret> ReadPassword(const std::string& file) {
  constexpr std::uintmax_t kMostBytes = 4096;
  CS_ASSIGN(std::string text, ReadFile(file, kMostBytes));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  Secret secret(std::move(text));
  HideInOutput(secret);
  return secret;
}

std::string OrEmpty(const char* text) { return text ? text : ""; }

}  // namespace

std::string PgIdentifier(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string PgLiteral(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

void PgConnection::Free::operator()(pg_result* result) const { PQclear(result); }

PgConnection::PgConnection(pg_conn* connection, const SinkOptions& options, StopToken stop)
    : connection_(connection), timeout_(options.timeout), stop_(std::move(stop)) {
  place_.host = OrEmpty(PQhost(connection_));
  place_.port = OrEmpty(PQport(connection_));
  place_.user = OrEmpty(PQuser(connection_));
  place_.database = OrEmpty(PQdb(connection_));
  place_.schema = options.schema;
  if (place_.host.starts_with('/')) place_.host.clear();
}

PgConnection::~PgConnection() { PQfinish(connection_); }

Result<std::unique_ptr<PgConnection>> PgConnection::Connect(const SinkOptions& options, StopToken stop) {
  Secret password;
  if (!options.password_file.empty()) {
    CS_ASSIGN(password, ReadPassword(options.password_file));
  }
  const std::string mode = ModeFor(options), patience = std::to_string(options.timeout.count());
  std::vector<const char*> names{"dbname", "fallback_application_name", "client_encoding", "tcp_user_timeout", "keepalives_idle"};
  std::vector<const char*> values{options.url.c_str(), "cryptostream", "UTF8", patience.c_str(), "30"};
  auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    names.push_back(name);
    values.push_back(value.c_str());
  };
  add("password", password.Reveal());
  add("sslmode", mode);
  names.push_back(nullptr);
  values.push_back(nullptr);
  pg_conn* made = PQconnectStartParams(names.data(), values.data(), 1);
  if (!made) return Internal("no memory for a connection to PostgreSQL");
  std::unique_ptr<PgConnection> connection(new PgConnection(made, options, std::move(stop)));
  CS_TRY(connection->FinishConnecting());
  // The server gives up a little before we do, so that who waits for a lock in vain keeps its connection, and
  // the locks of a session that we have left are let go.
  CS_TRY(connection->Run(
      fmt::format("SET statement_timeout = {0}; SET lock_timeout = {0}; SET idle_in_transaction_session_timeout = {0}",
                  options.timeout.count() * 4 / 5)));
  return connection;
}

Status PgConnection::FinishConnecting() {
  // Errors then carry their codes, whose meaning does not depend on the server's language.
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  auto deadline = Clock::now() + std::min<std::chrono::milliseconds>(timeout_, kConnectTimeout);
  auto state = PQstatus(connection_) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) return Failed("connect");
    CS_TRY(WaitFor(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline));
    state = PQconnectPoll(connection_);
  }
  PQsetnonblocking(connection_, 1);
  return {};
}

std::string PgConnection::server_version() const { return OrEmpty(PQparameterStatus(connection_, "server_version")); }

bool PgConnection::usable() const { return !lost_ && PQstatus(connection_) == CONNECTION_OK; }

std::unexpected<Error> PgConnection::Failed(std::string_view what) {
  return std::unexpected(FromPg(what, ReadPgMessage(PQerrorMessage(connection_)), place_));
}

Status PgConnection::WaitFor(short events, Clock::time_point deadline) {
  while (true) {
    if (stop_.stop_requested()) {
      lost_ = true;
      return Cancelled("stopped while waiting for the database");
    }
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      lost_ = true;
      return std::unexpected(
          FromPg("get an answer", {"", fmt::format("none within {} (postgres.timeout)", FormatDuration(timeout_))}, place_));
    }
    pollfd waiting{PQsocket(connection_), events, 0};
    int ready = ::poll(&waiting, 1, static_cast<int>(std::min(left, kSlice).count()));
    if (ready > 0) return {};
  }
}

Status PgConnection::Flush(Clock::time_point deadline) {
  while (true) {
    int left = PQflush(connection_);
    if (left == 0) return {};
    if (left < 0) return Failed("send");
    CS_TRY(WaitFor(POLLIN | POLLOUT, deadline));
    if (PQconsumeInput(connection_) == 0) return Failed("send");
  }
}

Result<PgConnection::ResultPtr> PgConnection::NextResult(Clock::time_point deadline) {
  while (PQisBusy(connection_)) {
    CS_TRY(WaitFor(POLLIN, deadline));
    if (PQconsumeInput(connection_) == 0) return Failed("get an answer");
  }
  return ResultPtr(PQgetResult(connection_));
}

// The answer to the last of some statements, or the first error among them.
Result<PgConnection::ResultPtr> PgConnection::LastResult(std::string_view what, Clock::time_point deadline) {
  CS_TRY(Flush(deadline));
  ResultPtr last;
  std::optional<Error> error;
  while (true) {
    CS_ASSIGN(ResultPtr next, NextResult(deadline));
    if (!next) break;
    ExecStatusType status = PQresultStatus(next.get());
    if (status == PGRES_FATAL_ERROR && !error) {
      error = FromPg(
          what,
          {OrEmpty(PQresultErrorField(next.get(), PG_DIAG_SQLSTATE)), ReadPgMessage(PQresultErrorMessage(next.get())).words},
          place_);
    }
    bool copies = status == PGRES_COPY_IN;
    last = std::move(next);
    if (copies) break;
  }
  if (error) return std::unexpected(*std::move(error));
  if (!last) return Failed(what);
  touched_ = IntegerOf<std::int64_t>(PQcmdTuples(last.get())).value_or(0);
  return last;
}

Result<std::vector<PgRow>> PgConnection::Query(const std::string& sql, const std::vector<PgValue>& values) {
  std::vector<const char*> parameters;
  for (const PgValue& value : values) parameters.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(parameters.size()), nullptr, parameters.data(), nullptr,
                        nullptr, 0) == 0) {
    return Failed("ask");
  }
  CS_ASSIGN(ResultPtr result, LastResult("ask", Deadline()));
  std::vector<PgRow> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      PgValue value;
      if (!PQgetisnull(result.get(), row, column)) value = PQgetvalue(result.get(), row, column);
      rows[static_cast<std::size_t>(row)].push_back(std::move(value));
    }
  }
  return rows;
}

Status PgConnection::Run(const std::string& sql) {
  if (PQsendQuery(connection_, sql.c_str()) == 0) return Failed("write");
  CS_TRY(LastResult("write", Deadline()));
  return {};
}

Status PgConnection::BeginCopy(const std::string& sql) {
  if (PQsendQuery(connection_, sql.c_str()) == 0) return Failed("copy");
  CS_ASSIGN(ResultPtr result, LastResult("copy", Deadline()));
  if (PQresultStatus(result.get()) == PGRES_COPY_IN) return {};
  return Internal("the server does not copy: sql=" + sql);
}

Status PgConnection::PutCopy(std::string_view piece) {
  constexpr std::size_t kMostBytes = 1 << 20;
  auto deadline = Deadline();
  while (!piece.empty()) {
    std::string_view part = piece.substr(0, kMostBytes);
    int put = PQputCopyData(connection_, part.data(), static_cast<int>(part.size()));
    if (put < 0) return Failed("copy");
    if (put == 1) piece.remove_prefix(part.size());
    CS_TRY(Flush(deadline));
  }
  return {};
}

Result<std::int64_t> PgConnection::EndCopy() {
  auto deadline = Deadline();
  while (true) {
    int ended = PQputCopyEnd(connection_, nullptr);
    if (ended < 0) return Failed("copy");
    if (ended == 1) break;
    CS_TRY(Flush(deadline));
  }
  CS_TRY(LastResult("copy", deadline));
  return touched_;
}

void PgConnection::AbandonCopy() {
  auto deadline = Deadline();
  for (int ended = 0; ended == 0;) {
    ended = PQputCopyEnd(connection_, "the rows could not be read");
    if (ended == 0 && !Flush(deadline)) ended = -1;
    if (ended < 0) lost_ = true;
  }
  if (!lost_) (void)LastResult("abandon a copy", deadline);
}

}  // namespace cryptostream
