#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// Where a connection goes, for messages and remedies.
struct PgPlace {
  std::string host, port, user, database, schema;
};

// What PostgreSQL has said, with its five-letter code (SQLSTATE) where there is one.
struct PgSaid {
  std::string code;
  std::string words;  // its first line, without severity and code
};

// Takes an error text of libpq in its verbose form apart: "FATAL:  3D000: database "x" does not
// exist\nLOCATION: ...".
PgSaid ReadPgMessage(std::string_view text);

// What a person can do about it, as a command where there is one; empty where waiting is all there is.
std::string RemedyFor(const PgSaid& said, const PgPlace& place);

// Our error. Its kind: Invalid for rows that the database does not take (classes 22 and 23, a trigger's own),
// else Unavailable: all of that may be mended while we run. In: what was being done, "connect".
Error FromPg(std::string_view what, const PgSaid& said, const PgPlace& place);

}  // namespace cryptostream
