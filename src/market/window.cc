// The arithmetic of a 1-minute window. In: ticks of one (window, coin, source, quote) in any order. Out: one gold row that depends
// on the set of ticks only. Sums and means are exact and rounded once; first and last go by (event time, trade id, price).
#include "market/window.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/check.h"
#include "market/quotient.h"

namespace cryptostream {

void VolumeSums::Add(double mean_price, double amount) {
  if (IsNull(amount)) return;
  has_volume = true;
  quantity.Add(amount);
  if (!IsNull(mean_price)) turnover.AddProduct(mean_price, amount);
  if (IsNull(mean_price) && amount > 0) lacks_turnover = true;
}

void VolumeSums::Add(const VolumeSums& other) {
  quantity.Add(other.quantity);
  turnover.Add(other.turnover);
  has_volume |= other.has_volume;
  lacks_turnover |= other.lacks_turnover;
}

double VolumeSums::Volume() const { return has_volume ? quantity.Round() : kNull; }

double VolumeSums::Vwap() const { return Volume() > 0 && !lacks_turnover ? Quotient(turnover, quantity) : kNull; }

void PriceSums::AddPrice(double value) {
  price.Add(value);
  price_squared.AddProduct(value, value);
}

void PriceSums::Add(const PriceSums& other) {
  price.Add(other.price);
  price_squared.Add(other.price_squared);
  traded.Add(other.traded);
}

void PriceSums::Derive(GoldRow& row) const {
  row.avg_price = Quotient(price, row.samples);
  row.price_change = row.close - row.open;
  row.price_change_pct = row.price_change / row.open * 100;
  row.volatility = std::sqrt(PopulationVariance(row.samples, price, price_squared));
  row.range_pct = (row.max_price - row.min_price) / row.avg_price * 100;
  row.volume = traded.Volume();
  row.vwap = traded.Vwap();
}

void WindowAccumulator::Latest::Offer(const Order& at, double candidate) {
  if (IsNull(candidate)) return;
  if (IsNull(value) || at > order || (at == order && candidate > value)) {
    order = at;
    value = candidate;
  }
}

void WindowAccumulator::AddSample(const Order& at) {
  if (samples_++ == 0) {
    min_ = max_ = at.price;
    first_ = last_ = at;
  }
  min_ = std::min(min_, at.price);
  max_ = std::max(max_, at.price);
  first_ = std::min(first_, at, [](const Order& a, const Order& b) { return a < b; });
  last_ = std::max(last_, at, [](const Order& a, const Order& b) { return a < b; });
  sums_.AddPrice(at.price);
}

// What every row of silver gives beside its price. In: the row's event time.
void WindowAccumulator::AddFigures(const Order& at, Timestamp last_updated, double volume_24h, double market_cap) {
  first_event_ = rows_ == 0 ? at.time : std::min(first_event_, at.time);
  last_event_ = rows_ == 0 ? at.time : std::max(last_event_, at.time);
  ++rows_;
  if (last_updated != kNoTime) {
    double age_s = static_cast<double>((at.time - last_updated).count()) / 1e6;
    if (IsNull(max_source_age_s_) || age_s > max_source_age_s_) max_source_age_s_ = age_s;
  }
  volume_24h_.Offer(at, volume_24h);
  market_cap_.Offer(at, market_cap);
}

void WindowAccumulator::AddBar(const Bar& bar) {
  AddSample({bar.start, kNoTradeId, bar.open});
  AddSample(bar.close);
  for (double between : {bar.high, bar.low}) {
    ++samples_;
    min_ = std::min(min_, between);
    max_ = std::max(max_, between);
    sums_.AddPrice(between);
  }
  sums_.traded.Add(bar.vwap, bar.quantity);
  AddFigures(bar.close, bar.last_updated, bar.volume_24h, bar.market_cap);
  ++counted_bars_;
}

void WindowAccumulator::Add(const Tick& tick) {
  Order at{tick.event_time, tick.trade_id, tick.price};
  if (tick.is_bar()) {
    bars_.push_back({tick.bar_start(), at, tick.open, tick.high, tick.low, tick.quantity, tick.vwap, tick.volume_24h,
                     tick.market_cap, tick.last_updated});
    return;
  }
  AddSample(at);
  if (tick.is_trade()) {
    ++trades_;
    sums_.traded.Add(tick.price, tick.quantity);
  } else if (tick.last_updated != kNoTime) {
    auto place = std::lower_bound(last_updated_.begin(), last_updated_.end(), tick.last_updated);
    if (place == last_updated_.end() || *place != tick.last_updated) last_updated_.insert(place, tick.last_updated);
  }
  AddFigures(at, tick.last_updated, tick.volume_24h, tick.market_cap);
}

void WindowAccumulator::Add(const WindowAccumulator& other) {
  bars_.insert(bars_.end(), other.bars_.begin(), other.bars_.end());
  if (other.rows_ == 0) return;
  if (rows_ == 0) {
    auto bars = std::move(bars_);
    *this = other;
    bars_ = std::move(bars);
    return;
  }
  rows_ += other.rows_;
  samples_ += other.samples_;
  trades_ += other.trades_;
  sums_.Add(other.sums_);
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  first_ = other.first_ < first_ ? other.first_ : first_;
  last_ = other.last_ > last_ ? other.last_ : last_;
  first_event_ = std::min(first_event_, other.first_event_);
  last_event_ = std::max(last_event_, other.last_event_);
  std::vector<Timestamp> both;
  std::ranges::set_union(last_updated_, other.last_updated_, std::back_inserter(both));
  last_updated_ = std::move(both);
  volume_24h_.Offer(other.volume_24h_.order, other.volume_24h_.value);
  market_cap_.Offer(other.market_cap_.order, other.market_cap_.value);
  if (IsNull(max_source_age_s_) || other.max_source_age_s_ > max_source_age_s_) max_source_age_s_ = other.max_source_age_s_;
}

GoldRow WindowAccumulator::Finish(const WindowKey& key) const {
  if (!bars_.empty() && trades_ == 0) {
    WindowAccumulator whole = *this;
    whole.bars_.clear();
    for (const Bar& bar : bars_) whole.AddBar(bar);
    return whole.Finish(key);
  }
  CS_CHECK(samples_ > 0);
  GoldRow row;
  row.key = key;
  row.max_price = max_;
  row.min_price = min_;
  row.open = first_.price;
  row.close = last_.price;
  row.samples = samples_;
  row.updates = trades_ + counted_bars_ + static_cast<std::int64_t>(last_updated_.size());
  row.volume_24h = volume_24h_.value;
  row.market_cap = market_cap_.value;
  row.first_event = first_event_;
  row.last_event = last_event_;
  row.max_source_age_s = max_source_age_s_;
  sums_.Derive(row);
  return row;
}

}  // namespace cryptostream
