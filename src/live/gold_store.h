#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "live/candle_fold.h"
#include "live/follower.h"
#include "live/rollup_plan.h"
#include "query/duck.h"

namespace cryptostream {

// Which rows of a coin are asked for (SeriesAsked), with the currency that was found for them; an empty one is any.
struct CoinRows {
  std::string coin, quote;
  std::string source = {};
  bool chosen = true;
};

// Older windows, out of gold's files by DuckDB at a pinned version: chosen rows out of the chosen tables as far as these have come, all else
// out of every source's. Slow (milliseconds to seconds): for worker threads. Thread-safe.
class GoldStore {
 public:
  GoldStore(const Duck& duck, const Follower& follower, std::chrono::milliseconds timeout);

  // The files of the newest versions that the follower has seen, by day; empty while there is no table.
  struct DayFiles {
    Version version = kNoVersion;
    std::vector<std::pair<Date, std::string>> by_day;  // ascending
    TimesBySource closed;
  };
  struct Files {
    std::map<const TableLayout*, DayFiles> tables;
    SourceOrders orders;
    const DayFiles& Of(const TableLayout& layout) const { return tables.at(&layout); }
    // Up to where rows are chosen; kNoTime: there are none.
    Timestamp chosen_through() const;
    Timestamp oldest() const;
    // Behind the newest day; Timestamp::max() where there is none.
    Timestamp end() const;
  };
  Result<std::shared_ptr<const Files>> Pin();
  // The files of these versions of the tables of windows; one that is not named has none.
  static Result<std::shared_ptr<const Files>> FilesOf(const std::map<const TableLayout*, FollowedTable>& tables,
                                                      SourceOrders orders);

  // Minutes of a coin in [from, to), ascending, one each: of several sources the first in the order.
  // Errors: Unavailable (too slow, too many rows), NotFound (a file was vacuumed: pin anew).
  Result<std::vector<Minute>> Minutes(const Files& files, const CoinRows& of, Timestamp from, Timestamp to) const;
  // What bars of `interval` are folded from, the same way: hours or days of the rollups where they say the same, minutes elsewhere.
  Result<std::vector<Minute>> Parts(const Files& files, const CoinRows& of, TimeSpan range, std::chrono::minutes interval) const;
  // Where the newest minute of the coin before `time`, and the oldest at or after it, starts; nullopt: there is none.
  // Errors: as Minutes.
  Result<std::optional<Timestamp>> NewestBefore(const Files& files, const CoinRows& of, Timestamp time) const;
  Result<std::optional<Timestamp>> OldestFrom(const Files& files, const CoinRows& of, Timestamp time) const;
  // The currency of the newest row that is asked for; empty: the tables have none. Errors: as Minutes.
  Result<std::string> NewestQuote(const Files& files, const CoinRows& of) const;
  // True when the table has a row of this coin; what is known may be a minute old.
  Result<bool> Knows(const std::string& coin);

 private:
  using RowVisitor = std::function<void(const Minute&)>;
  // A part of a range, and the table that answers for it.
  struct Part {
    const TableLayout* layout;
    TimeSpan range;
  };
  static std::vector<Part> PartsOf(const Files& files, const CoinRows& of, TimeSpan range);
  Status ForEachRow(const DayFiles& files, const CoinRows& of, TimeSpan range, const RowVisitor& visit) const;
  Result<std::optional<Timestamp>> FirstIn(const std::vector<std::string>& paths, const CoinRows& of, TimeSpan range,
                                           bool newest) const;
  Result<std::optional<Timestamp>> NearestIn(const DayFiles& files, const CoinRows& of, TimeSpan range, bool newest) const;
  // Gold's rows of a coin, as SQL behind SELECT: those of a source and in a currency unless they are empty, rows that do not say theirs by
  // their source.
  std::string RowsSql() const;
  static Result<DayFiles> FilesByDay(const FollowedTable& table);

  const Duck& duck_;
  const Follower& follower_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::shared_ptr<const Files> files_;
  std::set<std::string> coins_;
  std::chrono::steady_clock::time_point coins_until_{};
};

}  // namespace cryptostream
