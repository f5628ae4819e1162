#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "delta/snapshot.h"
#include "sink/pg_connection.h"

namespace cryptostream {

// What a feed is doing. kCopy: the first copy, into a table that has none of its rows. kResync: the database
// is made equal to a snapshot. kMerge: the same, but rows of another lake stay. kFollow: commit by commit.
enum class FeedState { kCopy, kResync, kMerge, kFollow };
const char* FeedStateName(FeedState state);

// How far a feed has come: a row of `positions`, written in the transaction of the rows.
struct FeedPosition {
  std::string table_id;
  Version version = kNoVersion;  // whose rows are in the database, or on their way there
  std::string commit_id;         // of that version; empty where it is not known
  FeedState state = FeedState::kFollow;
  std::optional<Date> done_through;  // of a copy: up to which day its rows are there
};

// Reads the row; nullopt: there is none. Errors: as of the connection.
Result<std::optional<FeedPosition>> ReadPosition(PgConnection& db, const std::string& name);

// Moves it from what it is thought to be, within the caller's transaction. Errors: Conflict (it is not that
// any more: read it again); as of the connection.
Status MovePosition(PgConnection& db, const std::string& name, const std::optional<FeedPosition>& from, const FeedPosition& to);

}  // namespace cryptostream
