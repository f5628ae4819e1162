#pragma once

#include <functional>
#include <string>
#include <vector>

#include "query/sql_value.h"

namespace cryptostream {

// A function of ours that SQL can call: `name(arguments)` gives a struct of `fields`. Types are VARCHAR, BIGINT and DOUBLE.
struct SqlFunction {
  std::string name;
  std::vector<SqlColumn> parameters, fields;
  // One call. In: a value a parameter (monostate: null). Out: a value a field, all of them null before. Called from several threads at once.
  std::function<void(const std::vector<SqlValue>& arguments, std::vector<SqlValue>& out)> call;
};

}  // namespace cryptostream
