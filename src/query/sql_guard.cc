// What a stranger's SELECT may touch. In: its text. Out: a refusal, or nothing. DuckDB is locked (duck.cc), but may read any file of the lake's
// folder, and its catalog shows where that lies. So a text is parsed by DuckDB itself into JSON, and every table and table function that it names
// must be one of those listed here. Rejected: looking for words in the text, which quotes and escapes hide.
#include "query/sql_guard.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "base/text.h"
#include "market/schema.h"

namespace cryptostream {
namespace {

// Of each name that the statement has: what it is, and the place of its node. A name of a table that is a WITH's own is found among these.
constexpr const char* kNames = R"(
WITH tree AS MATERIALIZED (
  SELECT key, atom ->> '$' AS word, path FROM json_tree(json_serialize_sql($1::VARCHAR)) WHERE atom IS NOT NULL
)
SELECT 'error', word FROM tree WHERE key = 'error_message' AND path = '$'
UNION ALL SELECT 'statements', count(DISTINCT path)::VARCHAR FROM tree WHERE key = 'type' AND regexp_full_match(path, '\$\.statements\[\d+\]\.node')
UNION ALL SELECT 'with', word FROM tree WHERE key = 'key' AND contains(path, '.cte_map.map[')
UNION ALL SELECT 'with', word FROM tree WHERE key = 'ctename'
UNION ALL SELECT 'table', word FROM tree WHERE key = 'table_name'
UNION ALL SELECT 'schema', word FROM tree WHERE key IN ('schema_name', 'catalog_name', 'schema', 'catalog') AND word <> ''
UNION ALL SELECT 'kind', word FROM tree WHERE key = 'type' AND word IN ('SHOW_REF', 'PIVOT', 'COLUMN_DATA', 'DELIM_GET', 'BOUND_TABLE_REF')
UNION ALL SELECT CASE WHEN EXISTS (FROM tree t WHERE t.key = 'type' AND t.word = 'TABLE_FUNCTION' AND t.path || '.function' = f.path)
                 THEN 'table function' ELSE 'function' END, word
  FROM tree f WHERE key = 'function_name')";

constexpr std::array<std::string_view, 3> kTableFunctions{"range", "generate_series", "unnest"};
// Functions that tell of the database and not of values.
constexpr std::array<std::string_view, 23> kHidden{"pg_",
                                                   "duckdb_",
                                                   "json_serialize",
                                                   "json_deserialize",
                                                   "json_execute",
                                                   "current_setting",
                                                   "getvariable",
                                                   "getenv",
                                                   "read_",
                                                   "query",
                                                   "pragma_",
                                                   "sqlite_",
                                                   "has_",
                                                   "current_query",
                                                   "write_",
                                                   "nextval",
                                                   "currval",
                                                   "txid_",
                                                   "which_",
                                                   "load_",
                                                   "in_search_path",
                                                   "col_descri",
                                                   "obj_description"};
// Functions of which one call makes as large a value as it is told, in memory that DuckDB neither counts nor interrupts (tried: a text of 900 MB
// under a limit of 64 MB and 2 s).
constexpr std::array<std::string_view, 11> kUnbounded{"repeat",          "lpad",        "rpad",         "format",
                                                      "printf",          "list_resize", "array_resize", "range",
                                                      "generate_series", "bitstring",   "set_bit"};

std::string Views() {
  std::string names;
  for (const TableLayout* layout : AllLayouts()) names += (names.empty() ? "" : ", ") + layout->name;
  return names;
}

bool IsView(const std::string& name) { return FindLayout(name) != nullptr; }

// One name of the statement, as of kNames; `with` are the names of its own.
Status CheckName(const std::string& what, const std::string& word, const std::set<std::string>& with) {
  const std::string name = LowerCase(word), shown = Printable(word, 60);
  if (what == "error") return Invalid("query refused: " + Printable(word, 300));
  if (what == "statements" && word != "1") return Invalid("query refused: write one SELECT");
  if (what == "table" && !IsView(name) && !with.contains(name)) {
    return Invalid("query refused: there is no table " + shown + " to ask, there are: " + Views());
  }
  if (what == "schema" && name != "main") return Invalid("query refused: a name may not be in a schema or a catalog: " + shown);
  if (what == "kind") return Invalid("query refused: only tables and subqueries may stand behind FROM, not " + shown);
  if (what == "table function" && std::ranges::find(kTableFunctions, name) == kTableFunctions.end()) {
    return Invalid("query refused: the table function " + shown + " is not allowed, only range, generate_series and unnest are");
  }
  if (what == "function" && std::ranges::any_of(kHidden, [&](std::string_view hidden) { return name.starts_with(hidden); })) {
    return Invalid("query refused: the function " + shown + " is not allowed");
  }
  if (what == "function" && std::ranges::find(kUnbounded, name) != kUnbounded.end()) {
    return Invalid("query refused: the function " + shown + " is not allowed, because its result has no bound");
  }
  return {};
}

}  // namespace

Status CheckLakeSelect(const Duck& views, const std::string& sql, const QueryLimits& limits) {
  // A NUL ends the text for one reader and not for another.
  const bool odd =
      std::ranges::any_of(sql, [](unsigned char c) { return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f; });
  if (odd) return Invalid("query refused: a control character in it");
  CS_ASSIGN(auto names, views.Query(kNames, {sql}, limits));
  std::set<std::string> with;
  bool counted = false;
  auto text = [](const SqlValue& value) {
    const auto* word = std::get_if<std::string>(&value);
    return word == nullptr ? std::string() : *word;
  };
  for (const SqlRow& row : names.rows) {
    if (text(row[0]) == "with") with.insert(LowerCase(text(row[1])));
  }
  for (const SqlRow& row : names.rows) {
    CS_TRY(CheckName(text(row[0]), text(row[1]), with));
    counted = counted || (text(row[0]) == "statements" && text(row[1]) == "1");
  }
  return counted ? Status() : Invalid("query refused: write one SELECT");
}

}  // namespace cryptostream
