// The database's schema: numbered SQL files, each applied once and in order, in a transaction with its
// number. A schema that a newer program made is left alone: its tables may mean something else.
#include "sink/migration.h"

#include <fmt/format.h>

#include <string>

#include "base/text.h"

namespace cryptostream {
namespace {

int Newest() { return Migrations().back().version; }

}  // namespace

Result<SchemaState> LookAtSchema(PgConnection& db, const std::string& schema) {
  SchemaState state;
  CS_ASSIGN(auto found, db.Query("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema}));
  state.exists = !found.empty();
  if (!state.exists) return state;
  CS_ASSIGN(auto versions, db.Query("SELECT to_regclass($1)", {PgIdentifier(schema) + ".schema_version"}));
  if (!versions[0][0]) return state;
  CS_ASSIGN(auto newest, db.Query("SELECT coalesce(max(version), 0) FROM " + PgIdentifier(schema) + ".schema_version"));
  state.version = IntegerOf<int>(*newest[0][0]).value_or(0);
  if (state.version <= Newest()) return state;
  return Conflict(fmt::format(
      "the database's tables were made by a newer cryptostream: schema={} version={} known={} (update this program, or "
      "name another postgres.schema)",
      schema, state.version, Newest()));
}

Status Migrate(PgConnection& db, const std::string& schema) {
  CS_ASSIGN(SchemaState state, LookAtSchema(db, schema));
  // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where it is there.
  if (!state.exists) CS_TRY(db.Run("CREATE SCHEMA " + PgIdentifier(schema)));
  CS_TRY(db.Run("SET search_path = " + PgIdentifier(schema)));
  if (state.version == Newest()) return {};
  CS_TRY(
      db.Run("CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name text NOT NULL, "
             "applied_at timestamptz NOT NULL DEFAULT now())"));
  for (const Migration& step : Migrations()) {
    if (step.version <= state.version) continue;
    CS_TRY(db.Run(fmt::format("BEGIN; {}; INSERT INTO schema_version (version, name) VALUES ({}, {}); COMMIT", step.sql,
                              step.version, PgLiteral(step.name))));
  }
  return {};
}

}  // namespace cryptostream
