// Positions in the database. A move names what it moves from: whoever lost its connection in a COMMIT may
// still have a server process at work on it, and then exactly one of the two moves happens, because the
// second waits for the first one's row and finds it changed.
#include "sink/feed_position.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cryptostream {
namespace {

constexpr std::array kStates{std::pair{FeedState::kCopy, "copy"}, std::pair{FeedState::kResync, "resync"},
                             std::pair{FeedState::kMerge, "merge"}, std::pair{FeedState::kFollow, "follow"}};

FeedState StateOf(std::string_view name) {
  auto found = std::ranges::find_if(kStates, [&](const auto& each) { return each.second == name; });
  return found == kStates.end() ? FeedState::kResync : found->first;
}

PgValue DayValue(const std::optional<Date>& day) { return day ? PgValue(FormatDate(*day)) : std::nullopt; }

}  // namespace

const char* FeedStateName(FeedState state) {
  return std::ranges::find_if(kStates, [&](const auto& each) { return each.first == state; })->second;
}

Result<std::optional<FeedPosition>> ReadPosition(PgConnection& db, const std::string& name) {
  CS_ASSIGN(auto rows, db.Query("SELECT table_id, version, commit_id, state, extract(epoch FROM done_through)::bigint / 86400 "
                                "FROM positions WHERE name = $1",
                                {name}));
  if (rows.empty()) return std::nullopt;
  const PgRow& row = rows.front();
  FeedPosition position{*row[0], IntegerOf<Version>(*row[1]).value_or(kNoVersion), *row[2], StateOf(*row[3]), std::nullopt};
  if (row[4]) position.done_through = Date(std::chrono::days(IntegerOf<int>(*row[4]).value_or(0)));
  return position;
}

Status MovePosition(PgConnection& db, const std::string& name, const std::optional<FeedPosition>& from, const FeedPosition& to) {
  std::vector<PgValue> values{
      name, to.table_id, std::to_string(to.version), to.commit_id, FeedStateName(to.state), DayValue(to.done_through)};
  if (!from) {
    CS_TRY(db.Query(
        "INSERT INTO positions (name, table_id, version, commit_id, state, done_through) VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT DO NOTHING",
        values));
  } else {
    for (PgValue value : {PgValue(from->table_id), PgValue(std::to_string(from->version)), PgValue(FeedStateName(from->state)),
                          DayValue(from->done_through)}) {
      values.push_back(std::move(value));
    }
    CS_TRY(db.Query(
        "UPDATE positions SET table_id = $2, version = $3, commit_id = $4, state = $5, done_through = $6, updated_at = now() "
        "WHERE name = $1 AND table_id = $7 AND version = $8 AND state = $9 AND done_through IS NOT DISTINCT FROM $10::date",
        values));
  }
  if (db.touched() == 1) return {};
  return Conflict("the position in the database is another one: name=" + name + " (it is read again)");
}

}  // namespace cryptostream
