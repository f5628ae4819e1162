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

// A coin in one currency; an empty one is any.
struct CoinQuote {
  std::string coin, quote;
};

// Older windows, out of gold's files by DuckDB at a pinned version. Slow (milliseconds to seconds): for worker threads.
// Thread-safe.
class GoldStore {
 public:
  GoldStore(const Duck& duck, const Follower& follower, SourceOrder order, std::chrono::milliseconds timeout);

  // The files of the newest versions that the follower has seen, by day; empty while there is no table.
  struct DayFiles {
    Version version = kNoVersion;
    std::vector<std::pair<Date, std::string>> by_day;  // ascending
    TimesBySource closed;
  };
  struct Files : DayFiles {
    std::map<std::chrono::minutes, DayFiles> rollups;  // by period
    Timestamp oldest() const { return by_day.empty() ? Timestamp::max() : Timestamp(by_day.front().first); }
  };
  Result<std::shared_ptr<const Files>> Pin();

  // Minutes of a coin in one currency in [from, to), ascending, one each: the first source in the coin's order.
  // Errors: Unavailable (too slow, too many rows), NotFound (a file was vacuumed: pin anew).
  Result<std::vector<Minute>> Minutes(const Files& files, const CoinQuote& of, Timestamp from, Timestamp to) const;
  // What bars of `interval` are folded from, the same way: hours or days of the rollups where they are whole and of one source,
  // minutes elsewhere.
  Result<std::vector<Minute>> Parts(const Files& files, const CoinQuote& of, TimeSpan range, std::chrono::minutes interval) const;
  // Where the newest minute of the coin before `time`, and the oldest at or after it, starts; nullopt: there is none.
  // Errors: as Minutes.
  Result<std::optional<Timestamp>> NewestBefore(const Files& files, const CoinQuote& of, Timestamp time) const;
  Result<std::optional<Timestamp>> OldestFrom(const Files& files, const CoinQuote& of, Timestamp time) const;
  // The currency of the coin's newest row, of the first source in its order; empty: the table has none. Errors: as Minutes.
  Result<std::string> NewestQuote(const Files& files, const std::string& coin) const;
  // True when the table has a row of this coin; what is known may be a minute old.
  Result<bool> Knows(const std::string& coin);

 private:
  using RowVisitor = std::function<void(const Minute&)>;
  Status ForEachRow(const DayFiles& files, const CoinQuote& of, TimeSpan range, const RowVisitor& visit) const;
  Result<std::optional<Timestamp>> FirstIn(const std::vector<std::string>& paths, const CoinQuote& of, TimeSpan range,
                                           bool newest) const;
  Result<std::optional<Timestamp>> NearestIn(std::vector<std::pair<Date, std::string>> days, const CoinQuote& of, TimeSpan range,
                                             bool newest) const;
  // Gold's rows of a coin, as SQL behind SELECT: those in one currency unless it is empty, rows that do not say theirs by their source.
  std::string RowsSql() const;
  static Result<DayFiles> FilesByDay(const FollowedTable& table);

  const Duck& duck_;
  const Follower& follower_;
  const SourceOrder order_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::shared_ptr<const Files> files_;
  std::set<std::string> coins_;
  std::chrono::steady_clock::time_point coins_until_{};
};

}  // namespace cryptostream
