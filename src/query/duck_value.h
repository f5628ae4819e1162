#pragma once

#include <duckdb.h>

#include <string>
#include <vector>

#include "query/sql_value.h"

// What a value is to DuckDB and to us. For the files of the door to DuckDB only.
namespace cryptostream {

// How the values of one column are read: its type, and those inside it.
struct ColumnReader {
  SqlColumn column;
  duckdb_type type = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  // of a decimal: the integer that holds it
  int scale = 0;                              // of a decimal
  idx_t array_size = 0;
  std::vector<ColumnReader> parts;

  // False for a type that Read does not know, at any depth.
  bool readable() const;
  SqlValue Read(duckdb_vector vector, idx_t row) const;
};

ColumnReader MakeReader(std::string name, duckdb_logical_type type);

// The type that a column is to be cast to before it is read, as SQL names it; equal types need no cast. What has no form of its own
// becomes VARCHAR, also inside a struct or a list.
struct CastPlan {
  std::string type;
  bool needed = false;
};
CastPlan PlanCast(duckdb_logical_type type);

// Requires: the caller destroys it.
duckdb_value ToDuckValue(const SqlValue& value);

}  // namespace cryptostream
