#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "market/window.h"

namespace cryptostream {

// Which row stands for a coin and window when several sources or currencies have one: that of the first source in the order, of one source
// in several currencies the first currency; what is not listed comes last, by name.
struct SourceOrder {
  std::vector<std::string> sources, quotes;
  friend bool operator==(const SourceOrder&, const SourceOrder&) = default;
};

// The order as it is configured, for all coins and for some.
struct SourceOrderSettings {
  SourceOrder order{{"coingecko", "binance_spot", "binance_usdm", "kraken", "coinbase", "coingecko_chart"},
                    {"usd", "usdt", "usdc", "eur", "btc"}};
  std::map<std::string, SourceOrder> by_coin;
};

// The orders that hold for the windows of a lake, as its positions have recorded them (delta/position.h).
class SourceOrders {
 public:
  struct Record {
    std::int64_t n = 0;
    std::string coin;  // empty: every coin
    Timestamp from{};  // the first window that it holds for
    SourceOrder order{};
  };

  SourceOrders() = default;
  // With these as what holds where nothing is recorded.
  explicit SourceOrders(const SourceOrderSettings& otherwise);

  void Add(Record record);
  // Ascending by n.
  const std::vector<Record>& records() const { return records_; }

  // The order for a window: of the records that apply to it the one with the greatest n.
  const SourceOrder& At(Name coin, Timestamp start) const;
  // Whether row `a` stands before row `b`. Requires: both are of one coin and window.
  bool Before(const WindowKey& a, const WindowKey& b) const;
  bool QuoteBefore(Name coin, Timestamp start, Name a, Name b) const;

  // What has to be recorded so that `wanted` holds from a window on. Out: none where it does already.
  std::vector<Record> ChangesTo(const SourceOrderSettings& wanted, Timestamp from) const;

 private:
  const SourceOrder* Newest(const std::string& coin) const;
  std::vector<Record> records_;
};

// How far the chosen rows may be made: the least of the times up to which the sources' windows are closed, of sources that are not more than
// two minutes behind the greatest; so a source that ended, or is filled up from the past, holds nobody up. `everything`: the greatest.
// Timestamp::min() where nothing is closed.
inline constexpr std::chrono::minutes kChosenSlack{2};
Timestamp ChosenThrough(const std::map<Name, Timestamp>& closed, bool everything);

}  // namespace cryptostream
