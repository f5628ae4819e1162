#pragma once

#include <set>
#include <string>

#include "base/time.h"
#include "sink/pg_connection.h"

namespace cryptostream {

// The first day of a day's month.
Date MonthOf(Date day);

// Native partitions of a table by month, made when a row needs them. Knows those that it has seen, of one
// connection.
class MonthPartitions {
 public:
  // Makes those that are missing, each in a transaction of its own. Errors: as of the connection.
  Status Ensure(PgConnection& db, const std::string& table, const std::set<Date>& months);

 private:
  std::set<std::pair<std::string, Date>> known_;
};

}  // namespace cryptostream
