#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

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
  double volume = kNull, vwap = kNull;  // trades only
  double volume_24h = kNull, market_cap = kNull;
  Timestamp first_event, last_event;
  double max_source_age_s = kNull;

  Timestamp end() const { return key.start + kWindow; }
};

// The exact sums behind a row, each rounded once when it is made.
struct PriceSums {
  ExactSum price, price_squared, quantity, turnover;  // turnover: price times quantity
  bool has_volume = false;

  // Sets what follows from the sums and from samples, open, close, min and max, which the row has already.
  void Derive(GoldRow& row) const;
};

// Folds the ticks of one window, in any order, to the same bits. Shared by the engine's gold stage and the API's open window.
class WindowAccumulator {
 public:
  void Add(const Tick& tick);
  // Requires: at least one tick was added.
  GoldRow Finish(const WindowKey& key) const;
  std::int64_t samples() const { return samples_; }

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

  std::int64_t samples_ = 0, trades_ = 0;
  PriceSums sums_;
  double min_ = 0, max_ = 0;
  Order first_{}, last_{};
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
