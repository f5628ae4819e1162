#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "live/backend.h"
#include "live/candle_fold.h"

namespace cryptostream {

// The bars and prices of all coins of a lake, as an event stream sends them. Each change is rendered once, however many
// clients wait for it and however far behind each of them is: a client is a sequence number, and gets the latest state of
// what has changed after it. Refresh is called by one thread, the rest by any.
class EventBoard {
 public:
  using Bytes = std::shared_ptr<const std::string>;
  // What a client watches. Intervals are rendered while somebody holds them.
  struct Interest {
    std::set<std::string> coins;  // empty: all
    std::set<std::string> intervals;
    std::vector<std::shared_ptr<const void>> holds;
    std::uint64_t at_least = 0;  // what the memory knew when the client came: nothing older is its first news
  };

  explicit EventBoard(std::shared_ptr<Backend> backend) : backend_(std::move(backend)) {}

  const std::shared_ptr<Backend>& backend() const { return backend_; }
  // Requires: the intervals are ones of the API.
  Interest Watch(std::set<std::string> coins, std::set<std::string> intervals);
  // Renders what has changed in the live memory since the last call.
  void Refresh();

  struct News {
    Bytes bytes;                 // null when nothing is new
    std::uint64_t sequence = 0;  // what the client knows afterwards
  };
  // True when a Refresh has shown all that this client watches, as it was at Watch or later.
  bool Shows(const Interest& interest) const;
  // What a client does not know yet: what has changed after `sequence`; 0: the present state. Nothing before Shows.
  News Since(std::uint64_t sequence, const Interest& interest) const;
  // The data of the same events, one by one: of the bars of an interval, or without one of the price. An empty coin is every coin.
  // Requires: Shows an interest that holds the interval.
  struct Changes {
    std::vector<Bytes> json;     // in the order in which they changed
    std::uint64_t sequence = 0;  // what the client knows afterwards
  };
  Changes ChangesSince(std::uint64_t sequence, const std::string& coin, const std::string& interval) const;

 private:
  // The data of one event; its id and name are put around it when a send is joined.
  struct Event {
    std::uint64_t sequence = 0;  // of the change
    std::string_view name;
    Bytes json;
  };
  struct Bar : Event {
    Candle candle;
  };
  struct CoinEvents {
    std::map<std::string, std::vector<Bar>> bars;  // by interval; ascending, the newest ones
    Event tick;
  };
  using CoinMap = std::map<std::string, std::shared_ptr<const CoinEvents>>;
  struct Interval {
    std::chrono::minutes length{};
    std::weak_ptr<const void> watched;
    bool loaded = false;
  };
  using Intervals = std::map<std::string, Interval>;
  struct Round {
    std::uint64_t known = 0, upto = 0;  // what changed after `known` is rendered
    TimesBySource closed;
    std::size_t bars_per_coin = 0;
  };

  void RefreshBars(const std::string& coin, const std::string& interval, const Interval& which, const Round& round,
                   CoinEvents& events) const;
  void RefreshTick(const std::string& coin, const Round& round, CoinEvents& events) const;
  // Closes bars that end without a row of their own; false when there is none.
  static bool CloseBars(const std::string& coin, const Round& round, CoinEvents& events);
  bool ShowsLocked(const Interest& interest) const;
  // Adds what is new of a coin: bars of the intervals.
  static void AddBars(const CoinEvents& events, const std::string& interval, std::uint64_t sequence,
                      std::vector<const Event*>& news);
  static void AddTick(const CoinEvents& events, std::uint64_t sequence, std::vector<const Event*>& news);
  Bytes Join(std::uint64_t sequence, const Interest& interest) const;

  const std::shared_ptr<Backend> backend_;
  TimesBySource closed_;  // of the refreshing thread

  mutable std::mutex mutex_;
  Intervals intervals_;
  CoinMap coins_;
  std::uint64_t upto_ = 0;
  // What was joined since the last refresh, by what the client knew and watches: most clients are alike.
  mutable std::map<std::tuple<std::uint64_t, std::set<std::string>, std::set<std::string>>, Bytes> joined_;
};

// Appends one event of a stream; without an id when `id` is empty.
void AppendEvent(std::string& out, std::string_view event, std::string_view data, std::string_view id = {});

}  // namespace cryptostream
