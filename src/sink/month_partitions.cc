// A partition a month. Made beside the table and then attached: CREATE TABLE ... PARTITION OF would wait for
// everybody who reads the table, and everybody who comes then would wait behind it; ATTACH lets them read on.
#include "sink/month_partitions.h"

#include <fmt/format.h>

namespace cryptostream {

Date MonthOf(Date day) {
  std::chrono::year_month_day parts(day);
  return parts.year() / parts.month() / 1;
}

Status MonthPartitions::Ensure(PgConnection& db, const std::string& table, const std::set<Date>& months) {
  for (Date month : months) {
    if (known_.contains({table, month})) continue;
    std::chrono::year_month_day first(month);
    Date next = (first.year() / first.month() + std::chrono::months(1)) / 1;
    const std::string name =
        fmt::format("{}_{}_{:02}", table, static_cast<int>(first.year()), static_cast<unsigned>(first.month()));
    CS_ASSIGN(auto there, db.Query("SELECT 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                                   "WHERE i.inhparent = $1::regclass AND c.relname = $2",
                                   {PgIdentifier(table), name}));
    if (there.empty()) {
      CS_TRY(db.Run(fmt::format(
          "BEGIN; CREATE TABLE {0} (LIKE {1} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE); "
          "ALTER TABLE {1} ATTACH PARTITION {0} FOR VALUES FROM ('{2} 00:00:00+00') TO ('{3} 00:00:00+00'); COMMIT",
          PgIdentifier(name), PgIdentifier(table), FormatDate(month), FormatDate(next))));
    }
    known_.emplace(table, month);
  }
  return {};
}

}  // namespace cryptostream
