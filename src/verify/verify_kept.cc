// Bronze, quarantine and gaps cannot be made anew from anything, so nothing may leave them but by retention. In: the replayed log. Out:
// whether a commit took rows out, and whether each compaction put back as many as it took.
#include "verify/verify_parts.h"

namespace cryptostream {

Check CheckKept(const TableLog& log) {
  Check check{log.layout->name + ": rows stay but for retention, compactions keep their number", true, "", {}};
  WrongRows(check, *log.duck, R"(
    SELECT format('version={} file={}: its rows were taken out', version, path) FROM action
    WHERE kind = 'remove' AND data_change AND version NOT IN (SELECT version FROM position WHERE id = 'cryptostream/retained-from')
    ORDER BY version, path)");
  // What a removed file held its Add says; where that is not known any more nothing is said.
  WrongRows(check, *log.duck, R"(
    WITH held AS (SELECT path, arg_max(try_cast((stats->>'$.numRecords') AS BIGINT), (version, line)) AS n FROM action
        WHERE kind = 'add' GROUP BY path),
      moves AS (SELECT version, sum(CASE kind WHEN 'add' THEN n ELSE 0 END) AS put, sum(CASE kind WHEN 'add' THEN 0 ELSE n END) AS taken,
          count(*) FILTER (WHERE n IS NULL) AS unknown FROM action LEFT JOIN held USING (path)
        WHERE known AND NOT data_change GROUP BY version)
    SELECT format('version={}: the compaction took {} rows and put {} back', version, taken, put) FROM moves
    WHERE unknown = 0 AND put <> taken ORDER BY version)");
  return check;
}

}  // namespace cryptostream
