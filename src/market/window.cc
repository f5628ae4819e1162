// The arithmetic of a 1-minute window. In: ticks of one (window, coin, source, quote) in any order. Out: one gold row that depends
// on the set of ticks only. Sums and means are exact and rounded once; first and last go by (event time, trade id, price).
#include "market/window.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "market/quotient.h"

namespace cryptostream {

void PriceSums::Derive(GoldRow& row) const {
  row.avg_price = Quotient(price, row.samples);
  row.price_change = row.close - row.open;
  row.price_change_pct = row.price_change / row.open * 100;
  row.volatility = std::sqrt(PopulationVariance(row.samples, price, price_squared));
  row.range_pct = (row.max_price - row.min_price) / row.avg_price * 100;
  row.volume = has_volume ? quantity.Round() : kNull;
  row.vwap = row.volume > 0 ? Quotient(turnover, quantity) : kNull;
}

void WindowAccumulator::Latest::Offer(const Order& at, double candidate) {
  if (IsNull(candidate)) return;
  if (IsNull(value) || at > order || (at == order && candidate > value)) {
    order = at;
    value = candidate;
  }
}

void WindowAccumulator::Add(const Tick& tick) {
  Order at{tick.event_time, tick.trade_id, tick.price};
  if (samples_ == 0) {
    min_ = max_ = tick.price;
    first_ = last_ = at;
  }
  ++samples_;
  min_ = std::min(min_, tick.price);
  max_ = std::max(max_, tick.price);
  first_ = std::min(first_, at, [](const Order& a, const Order& b) { return a < b; });
  last_ = std::max(last_, at, [](const Order& a, const Order& b) { return a < b; });
  sums_.price.Add(tick.price);
  sums_.price_squared.AddProduct(tick.price, tick.price);
  if (tick.is_trade()) {
    ++trades_;
    if (!IsNull(tick.quantity)) {
      sums_.has_volume = true;
      sums_.quantity.Add(tick.quantity);
      sums_.turnover.AddProduct(tick.price, tick.quantity);
    }
  } else if (tick.last_updated != kNoTime) {
    auto place = std::lower_bound(last_updated_.begin(), last_updated_.end(), tick.last_updated);
    if (place == last_updated_.end() || *place != tick.last_updated) last_updated_.insert(place, tick.last_updated);
  }
  if (tick.last_updated != kNoTime) {
    double age_s = static_cast<double>((tick.event_time - tick.last_updated).count()) / 1e6;
    if (IsNull(max_source_age_s_) || age_s > max_source_age_s_) max_source_age_s_ = age_s;
  }
  volume_24h_.Offer(at, tick.volume_24h);
  market_cap_.Offer(at, tick.market_cap);
}

GoldRow WindowAccumulator::Finish(const WindowKey& key) const {
  CS_CHECK(samples_ > 0);
  GoldRow row;
  row.key = key;
  row.max_price = max_;
  row.min_price = min_;
  row.open = first_.price;
  row.close = last_.price;
  row.samples = samples_;
  row.updates = trades_ + static_cast<std::int64_t>(last_updated_.size());
  row.volume_24h = volume_24h_.value;
  row.market_cap = market_cap_.value;
  row.first_event = first_.time;
  row.last_event = last_.time;
  row.max_source_age_s = max_source_age_s_;
  sums_.Derive(row);
  return row;
}

}  // namespace cryptostream
