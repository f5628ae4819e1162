#pragma once

#include <chrono>
#include <cstdint>

#include "market/exact_sum.h"
#include "market/window.h"

namespace cryptostream {

// The start of the period that holds `time`. Periods are counted from the epoch, so days begin at 00:00 UTC.
Timestamp PeriodStart(Timestamp time, std::chrono::minutes period);
// The period, coin, source and quote that a 1-minute window belongs to.
WindowKey PeriodKey(const WindowKey& minute, std::chrono::minutes period);

// Folds the 1-minute rows of one period, in any order, to the same bits. docs/tables.md gives each column's formula.
class RollupAccumulator {
 public:
  // Requires: each minute once.
  void Add(const GoldRow& minute);
  // The row of period `key`. Requires: at least one minute was added.
  GoldRow Finish(const WindowKey& key) const;

 private:
  // A figure of the first or last minute that has one.
  struct Dated {
    Timestamp at;
    double value = kNull;
  };
  static void OfferLast(Timestamp at, double candidate, Dated& last);

  std::int64_t minutes_ = 0, samples_ = 0, updates_ = 0;
  GoldRow only_;    // the first one added: a period of one minute is that minute, untouched
  PriceSums sums_;  // over the rows of silver that the minutes stand for
  double min_ = 0, max_ = 0;
  Dated open_, close_, volume_24h_, market_cap_;
  Timestamp first_event_, last_event_;
  double max_source_age_s_ = kNull;
};

}  // namespace cryptostream
