#pragma once

#include <functional>
#include <optional>
#include <string>

#include "sink/copy_rows.h"
#include "sink/pg_connection.h"
#include "sink/target.h"

namespace cryptostream {

// Pushes rows into a COPY; may be called again.
using PushRows = std::function<Status(CopyRows&)>;

// A part of a table's time, [from, to), in SQL's own words: "2024-08-08 00:00:00+00", "infinity".
struct PgRange {
  std::string from, to;
};

// What one transaction changes in a table.
struct RowsChange {
  const Target* target = nullptr;
  std::string interval;
  PushRows rows;                   // new ones; not set: none
  bool all_new = false;            // no row of these keys is there: they go straight in
  PushRows gone;                   // keys that the lake has no more, unless they are among `rows`; not set: none
  std::optional<PgRange> replace;  // what is there in this part of the time and not among `rows` is deleted
  bool exact = false;              // of the newest ones: `rows` are right even where they are older
};

// How the rows go in, the fastest first. A way that meets a row which the database refuses gives Invalid; the
// next way is tried then, in a transaction of its own.
enum class WriteWay { kStraight, kStaged, kRowByRow };
// The first way for a change, and the one after another; nullopt: there is none.
WriteWay FirstWay(const RowsChange& change);
std::optional<WriteWay> NextWay(const RowsChange& change, WriteWay way);

struct RowsWritten {
  std::int64_t copied = 0;   // rows that were sent
  std::int64_t deleted = 0;  // rows taken out
  std::int64_t refused = 0;  // rows that are now in refused_rows
};

// Writes a change within the caller's transaction. Errors: Invalid (a row was refused), as of the connection;
// those of the rows' makers.
Result<RowsWritten> WriteRows(PgConnection& db, const RowsChange& change, WriteWay way);

}  // namespace cryptostream
