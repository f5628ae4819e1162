// The arithmetic of an hour and of a day. In: the 1-minute rows of one (period, coin, source, quote) in any order. Out: one row that
// depends on the set of minutes only, so a correction of one minute gives the bits that the right minute would have given.
//
// Only the 1-minute table is read, never silver: a rollup must be checkable against the table it stands for. What a minute has
// rounded stays rounded; from there on sums and means are exact and rounded once. With n rows of mean a and standard deviation s in a
// minute, sum(n*a) and sum(n*(s*s + a*a)) are the sums of p and of p*p, and the variance follows as it does for a minute.
// Rejected: days out of hours (a second rounding, and a correction would have to pass two tables); sums of p and p*p as
// columns of the 1-minute table (two columns that no reader wants).
#include "market/rollup.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace cryptostream {

Timestamp PeriodStart(Timestamp time, std::chrono::minutes period) {
  std::chrono::microseconds step = period, past = time.time_since_epoch() % step;
  if (past.count() < 0) past += step;
  return time - past;
}

WindowKey PeriodKey(const WindowKey& minute, std::chrono::minutes period) {
  return {PeriodStart(minute.start, period), minute.coin, minute.source, minute.quote};
}

void RollupAccumulator::OfferLast(Timestamp at, double candidate, Dated& last) {
  if (IsNull(candidate)) return;
  if (IsNull(last.value) || at > last.at) last = {at, candidate};
}

void RollupAccumulator::Add(const GoldRow& minute) {
  const Timestamp at = minute.key.start;
  const double n = static_cast<double>(minute.samples);
  if (minutes_ == 0) {
    only_ = minute;
    min_ = minute.min_price;
    max_ = minute.max_price;
    open_ = {at, minute.open};
    first_event_ = minute.first_event;
    last_event_ = minute.last_event;
  }
  ++minutes_;
  samples_ += minute.samples;
  updates_ += minute.updates;
  min_ = std::min(min_, minute.min_price);
  max_ = std::max(max_, minute.max_price);
  if (at < open_.at) open_ = {at, minute.open};
  OfferLast(at, minute.close, close_);
  OfferLast(at, minute.volume_24h, volume_24h_);
  OfferLast(at, minute.market_cap, market_cap_);
  first_event_ = std::min(first_event_, minute.first_event);
  last_event_ = std::max(last_event_, minute.last_event);
  sums_.price.AddProduct(n, minute.avg_price);
  for (double x : {minute.avg_price, minute.volatility}) {
    double square = x * x;
    sums_.price_squared.AddProduct(n, square);
    sums_.price_squared.AddProduct(n, std::fma(x, x, -square));
  }
  sums_.traded.Add(minute.vwap, minute.volume);
  if (!IsNull(minute.max_source_age_s) && !(minute.max_source_age_s <= max_source_age_s_)) {
    max_source_age_s_ = minute.max_source_age_s;
  }
}

GoldRow RollupAccumulator::Finish(const WindowKey& key) const {
  CS_CHECK(minutes_ > 0);
  GoldRow row = only_;
  row.key = key;
  if (minutes_ == 1) return row;
  row.max_price = max_;
  row.min_price = min_;
  row.open = open_.value;
  row.close = close_.value;
  row.samples = samples_;
  row.updates = updates_;
  row.volume_24h = volume_24h_.value;
  row.market_cap = market_cap_.value;
  row.first_event = first_event_;
  row.last_event = last_event_;
  row.max_source_age_s = max_source_age_s_;
  sums_.Derive(row);
  return row;
}

}  // namespace cryptostream
