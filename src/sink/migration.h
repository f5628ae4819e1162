#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "sink/pg_connection.h"

namespace cryptostream {

// A step of the database's schema: a file of sink/sql.
struct Migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

// All of them, in order (written by tools/embed_sql.py).
std::span<const Migration> Migrations();

// How a database stands to this program's schema.
struct SchemaState {
  bool exists = false;  // the schema is there
  int version = 0;      // of its tables; 0: none were made
};
// Looks, and changes nothing. Errors: Conflict (the schema is newer than this program), as of the connection.
Result<SchemaState> LookAtSchema(PgConnection& db, const std::string& schema);

// Makes the schema and brings its tables to the newest version, each step with its number in one transaction,
// and leaves the connection with the schema as its search path. Errors: as of LookAtSchema.
Status Migrate(PgConnection& db, const std::string& schema);

}  // namespace cryptostream
