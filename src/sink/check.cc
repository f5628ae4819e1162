// `cryptostream sink check`: what the sink needs, one thing after the other, each with what mends it; then
// what it would do. In: the database and the lake as they are.
#include "sink/check.h"

#include <fmt/format.h>

#include <algorithm>

#include "sink/feed.h"
#include "sink/migration.h"
#include "sink/pg_error.h"

namespace cryptostream {
namespace {

class Looker {
 public:
  Looker(PgConnection& db, const SinkOptions& options, std::vector<SinkCheck>& checks)
      : db_(db), options_(options), checks_(checks) {}

  // One question of rights. Errors: as of the connection.
  Status Right(const char* name, const std::string& sql, const char* have, const PgSaid& lack) {
    CS_ASSIGN(auto rows, db_.Query(sql));
    bool good = rows[0][0] == "t";
    std::string remedy = good ? "" : RemedyFor(lack, db_.place());
    checks_.push_back({name, good, good ? have : lack.words + (remedy.empty() ? "" : " (" + remedy + ")")});
    return {};
  }

  Status Look() {
    CS_TRY(Right("writable", "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean",
                 "the database takes writes", {"25006", "the database is read-only"}));
    CS_ASSIGN(state_, LookAtSchema(db_, options_.schema));
    const std::string schema = PgLiteral(options_.schema);
    if (!state_.exists) {
      CS_TRY(Right("schema", "SELECT has_database_privilege(current_database(), 'CREATE')", "it is not there; the sink makes it",
                   {"42501", "it is not there, and this role may not make it: permission denied for database"}));
    } else {
      CS_TRY(Right("schema",
                   "SELECT has_schema_privilege(" + schema + ", 'USAGE') AND has_schema_privilege(" + schema + ", 'CREATE')",
                   state_.version > 0 ? "it is there, with its tables" : "it is there; the sink makes the tables",
                   {"42501", "this role may not use it or make tables in it"}));
      CS_TRY(Right("tables",
                   "SELECT count(*) = 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = " +
                       schema + " AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')",
                   "they belong to this role", {"42501", "some belong to another role"}));
    }
    CS_TRY(Right("temporary tables", "SELECT has_database_privilege(current_database(), 'TEMPORARY')", "may be made",
                 {"42501", "this role may make no temporary tables"}));
    return Right("other sinks",
                 "SELECT pg_try_advisory_lock(hashtextextended(" + PgLiteral("cryptostream sink " + options_.schema) + ", 0))",
                 "none feeds this schema", {"", "another sink feeds this schema now: that is good if it is yours"});
  }

  bool has_tables() const { return state_.version > 0; }

 private:
  PgConnection& db_;
  const SinkOptions& options_;
  std::vector<SinkCheck>& checks_;
  SchemaState state_;
};

// What the sink would do first with a feed.
std::string Plan(const Feed& feed) {
  const FeedStatus& status = feed.status();
  const auto& position = feed.position();
  if (!status.there) return "the lake has no such table yet; it is waited for";
  if (!position) return fmt::format("would copy {} rows", status.rows_total);
  if (!status.known) return fmt::format("holds another lake's rows; would bring this lake's {} in", status.rows_total);
  if (position->version > status.newest) return fmt::format("is ahead of the lake; would compare {} rows", status.rows_total);
  if (position->state != FeedState::kFollow) return fmt::format("would go on with the copy of version {}", position->version);
  if (status.behind() == 0) return fmt::format("has everything, version {}", status.newest);
  return fmt::format("would follow {} commits, from version {} to {}", status.behind(), position->version, status.newest);
}

}  // namespace

std::vector<SinkCheck> CheckSink(const SinkOptions& options, const std::filesystem::path& root, StopToken stop) {
  std::vector<SinkCheck> checks;
  auto failed = [&](const char* name, const Error& error) {
    checks.push_back({name, false, error.message});
    return checks;
  };
  auto db = PgConnection::Connect(options, std::move(stop));
  if (!db) return failed("server", db.error());
  const PgPlace& place = (*db)->place();
  checks.push_back(
      {"server", true, fmt::format("PostgreSQL {}, database {}, as {}", (*db)->server_version(), place.database, place.user)});
  Looker looker(**db, options, checks);
  if (Status looked = looker.Look(); !looked) return failed("schema", looked.error());
  if (looker.has_tables()) {
    if (Status path = (*db)->Run("SET search_path = " + PgIdentifier(options.schema)); !path)
      return failed("schema", path.error());
  }
  for (const Target& target : Targets()) {
    if (std::ranges::find(options.tables, target.name) == options.tables.end()) continue;
    for (const TargetFeed& each : target.feeds) {
      Feed feed(target, each, root);
      Status looked = feed.Look(looker.has_tables() ? db->get() : nullptr);
      checks.push_back({feed.name(), looked.has_value(), looked ? Plan(feed) : looked.error().message});
    }
  }
  return checks;
}

}  // namespace cryptostream
