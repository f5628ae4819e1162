// The checks of `[postgres]`: what can be told without asking the server. libpq itself reads the URL, so that
// what passes here is what it will connect to. A password in the URL would be in `ps`, in shell histories and
// in `config print`: it is refused with its remedy.
#include "sink/options.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "sink/target.h"

namespace cryptostream {
namespace {

using ParsedUrl = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

void CheckUrl(const SinkOptions& options, SettingProblems& problems) {
  char* reason = nullptr;
  ParsedUrl parsed(PQconninfoParse(options.url.c_str(), &reason), &PQconninfoFree);
  if (!parsed) {
    // What libpq says may hold the URL, and that may hold a password.
    PQfreemem(reason);
    problems.push_back(
        {"postgres.url is not one of PostgreSQL (as postgresql:///cryptostream, or "
         "postgresql://user@host:5432/database)",
         {"postgres.url"}});
    return;
  }
  for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
    std::string_view keyword(option->keyword);
    if (option->val == nullptr || (keyword != "password" && keyword != "sslpassword")) continue;
    problems.push_back(
        {"postgres.url holds a password, which others could read (write it into a file, `chmod 600` that, and set "
         "postgres.password_file; or use ~/.pgpass)",
         {"postgres.url"}});
  }
}

void CheckSchema(const SinkOptions& options, SettingProblems& problems) {
  const std::string& schema = options.schema;
  if (!schema.empty() && schema.size() + kRecordingSchema.size() <= kPgNameBytes && IsUtf8(schema) &&
      schema.find('\0') == schema.npos && !schema.starts_with("pg_") && schema.find("://") == schema.npos &&
      schema != "information_schema") {
    return;
  }
  problems.push_back({"postgres.schema is no name of a schema: value=" + Printable(schema, kPgNameBytes) +
                          " (1 to 58 bytes, not beginning with pg_, no URL)",
                      {"postgres.schema"}});
}

void CheckTables(const SinkOptions& options, SettingProblems& problems) {
  std::vector<std::string> names = TargetNames();
  if (options.tables.empty()) problems.push_back({"postgres.tables is empty: nothing would be written", {"postgres.tables"}});
  for (const std::string& table : options.tables) {
    if (std::ranges::find(names, table) != names.end()) continue;
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    std::string nearest = Nearest(table, names);
    problems.push_back({"postgres.tables has what is no table: value=" + Printable(table) +
                            (nearest.empty() ? "" : " (did you mean " + nearest + "?)") + "; there are " + list,
                        {"postgres.tables"}});
  }
}

}  // namespace

SettingProblems SinkProblems(const SinkOptions& options) {
  SettingProblems problems;
  if (options.is_set()) CheckUrl(options, problems);
  CheckSchema(options, problems);
  CheckTables(options, problems);
  return problems;
}

}  // namespace cryptostream
