#pragma once

#include <duckdb.h>

#include "base/result.h"
#include "query/sql_function.h"

// For query/duck*.cc only.
namespace cryptostream {

// Makes a function known to a database, for all its connections. Errors: Invalid (a type that a function cannot have, a name that is taken).
Status AddFunction(duckdb_connection connection, const SqlFunction& function);

}  // namespace cryptostream
