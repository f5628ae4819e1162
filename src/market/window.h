#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "market/exact_sum.h"
#include "market/tick.h"

namespace cryptostream {

inline constexpr std::chrono::minutes kWindow{1};

inline Timestamp WindowStart(Timestamp event_time) { return std::chrono::floor<std::chrono::minutes>(event_time); }

// A series is (coin, source, quote): prices in two currencies are two series.
struct WindowKey {
  Timestamp start;
  Name coin;
  Name source;
  Name quote;
  friend bool operator==(const WindowKey&, const WindowKey&) = default;
  friend auto operator<=>(const WindowKey&, const WindowKey&) = default;
};

// The window that a tick lies in.
inline WindowKey WindowOf(const Tick& tick) { return {WindowStart(tick.event_time), tick.coin, tick.source, tick.quote}; }

// One row of gold. kNull where a figure does not exist.
struct GoldRow {
  WindowKey key;
  double avg_price = kNull, max_price = kNull, min_price = kNull;
  double open = kNull, close = kNull;
  double price_change = kNull, price_change_pct = kNull;
  double volatility = kNull;  // population standard deviation of the prices
  double range_pct = kNull;
  std::int64_t samples = 0;
  std::int64_t updates = 0;
  double volume = kNull, vwap = kNull;  // trades and bars only
  double volume_24h = kNull, market_cap = kNull;
  Timestamp first_event, last_event;
  double max_source_age_s = kNull;

  Timestamp end() const { return key.start + kWindow; }
};

// What was traded in parts of a time. Each figure is rounded once when it is asked for.
struct VolumeSums {
  ExactSum quantity, turnover;  // turnover: price times quantity
  bool has_volume = false;
  bool lacks_turnover = false;  // of a part of the quantity nobody knows it: then there is no vwap

  // In: kNull for what is not known.
  void Add(double mean_price, double amount);
  void Add(const VolumeSums& other);
  double Volume() const;  // kNull: no part had one
  double Vwap() const;    // kNull: nothing was traded, or not all of its prices are known
};

// The exact sums behind a row, each rounded once when it is made.
struct PriceSums {
  ExactSum price, price_squared;
  VolumeSums traded;

  void AddPrice(double value);
  void Add(const PriceSums& other);
  // Sets what follows from the sums and from samples, open, close, min and max, which the row has already.
  void Derive(GoldRow& row) const;
};

// Folds the ticks of one window, in any order, to the same bits. Shared by the engine's gold stage and the API's open window.
// A bar is four samples: its open first, its close last, high and low between. Where the window has trades its bars do not count: they
// would say the same again.
class WindowAccumulator {
 public:
  void Add(const Tick& tick);
  // Takes in what another one of the same window has: the same bits as if each of its ticks had been added here.
  void Add(const WindowAccumulator& other);
  // Its state as bytes of this program's version, appended to `out`, and back: the front of `bytes`, which is cut off. Errors: Corrupt.
  void AppendTo(std::string& out) const;
  static Result<WindowAccumulator> TakeFrom(std::string_view& bytes);
  // Requires: at least one tick was added.
  GoldRow Finish(const WindowKey& key) const;
  // Rows that were added.
  std::int64_t rows() const { return rows_ + static_cast<std::int64_t>(bars_.size()); }

 private:
  // (event time, trade id, price): decides first and last, never the arrival.
  struct Order {
    Timestamp time;
    std::int64_t trade_id;
    double price;
    friend auto operator<=>(const Order&, const Order&) = default;
  };
  // The last known value of a 24 h figure; equal orders are decided by the value itself.
  struct Latest {
    Order order;
    double value = kNull;
    void Offer(const Order& at, double candidate);
  };

  // What a bar gives to a row, kept until it is known that no trade comes.
  struct Bar {
    Timestamp start;
    Order close;
    double open, high, low, quantity, vwap, volume_24h, market_cap;
    Timestamp last_updated;
  };
  void AddSample(const Order& at);
  void AddFigures(const Order& at, Timestamp last_updated, double volume_24h, double market_cap);
  void AddBar(const Bar& bar);
  // Calls visit(member) for each of an accumulator's members, the one list of what its bytes hold.
  template <class Self, class Visit>
  static void VisitState(Self& self, Visit visit);

  std::vector<Bar> bars_;
  std::int64_t rows_ = 0, samples_ = 0, trades_ = 0, counted_bars_ = 0;
  PriceSums sums_;
  double min_ = 0, max_ = 0;
  Order first_{}, last_{};
  Timestamp first_event_{}, last_event_{};
  std::vector<Timestamp> last_updated_;  // distinct, sorted
  Latest volume_24h_, market_cap_;
  double max_source_age_s_ = kNull;
};

}  // namespace cryptostream

template <>
struct std::hash<cryptostream::WindowKey> {
  std::size_t operator()(const cryptostream::WindowKey& key) const noexcept {
    std::size_t h = std::hash<long>()(cryptostream::ToMicros(key.start));
    h = h * 1099511628211u ^ std::hash<cryptostream::Name>()(key.coin);
    h = h * 1099511628211u ^ std::hash<cryptostream::Name>()(key.source);
    return h * 1099511628211u ^ std::hash<cryptostream::Name>()(key.quote);
  }
};
