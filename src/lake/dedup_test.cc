// Which rows are the same, what memory knows, and what has to be asked of silver.
#include "lake/dedup.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

const Name kSource("binance_spot");

Timestamp At(std::int64_t seconds) { return FromMicros(1'722'000'000'000'000) + std::chrono::seconds(seconds); }

Tick Observation(Timestamp time, double price) {
  Tick tick;
  tick.coin = Name("bitcoin");
  tick.source = kSource;
  tick.event_time = time;
  tick.price = price;
  return tick;
}

Tick Trade(std::int64_t id, Timestamp time, double price) {
  Tick tick = Observation(time, price);
  tick.symbol = Name("BTCUSDT");
  tick.trade_id = id;
  return tick;
}

Duplicate Check(DuplicateFilter& filter, const Tick& tick) { return filter.Check(tick, DuplicateFilter::KeyOf(tick)); }
bool NeedsLookup(DuplicateFilter& filter, const Tick& tick) { return filter.NeedsLookup(tick, DuplicateFilter::KeyOf(tick)); }

TEST(DuplicateFilter, EqualObservationsAreOneWhateverTheirReceiveTime) {
  DuplicateFilter filter;
  Tick first = Observation(At(0), 1), again = first;
  again.ingested = At(100);
  EXPECT_EQ(Check(filter, first), Duplicate::kNo);
  EXPECT_EQ(Check(filter, again), Duplicate::kYes);
  EXPECT_EQ(Check(filter, Observation(At(0), 2)), Duplicate::kNo);
}

TEST(DuplicateFilter, TheCurrencyIsPartOfAnObservationAndNotOfATrade) {
  DuplicateFilter filter;
  Tick usd = Observation(At(0), 1), eur = usd;
  usd.quote = Name("usd");
  eur.quote = Name("eur");
  EXPECT_EQ(Check(filter, usd), Duplicate::kNo);
  EXPECT_EQ(Check(filter, eur), Duplicate::kNo);
  EXPECT_EQ(Check(filter, eur), Duplicate::kYes);
  Tick trade = Trade(7, At(0), 1);
  EXPECT_EQ(Check(filter, trade), Duplicate::kNo);
  trade.quote = Name("usdt");
  EXPECT_EQ(Check(filter, trade), Duplicate::kYes);
}

TEST(DuplicateFilter, ATradeWithAnotherTimeUnderAKnownIdIsAConflict) {
  DuplicateFilter filter;
  EXPECT_EQ(Check(filter, Trade(7, At(0), 1)), Duplicate::kNo);
  EXPECT_EQ(Check(filter, Trade(7, At(0), 1)), Duplicate::kYes);
  EXPECT_EQ(Check(filter, Trade(7, At(600), 1)), Duplicate::kConflict);
}

TEST(DuplicateFilter, ObservationsBelowTheFloorAreLookedUp) {
  DuplicateFilter filter;
  filter.SetFloor(kSource, At(600));
  Tick old = Observation(At(0), 1);
  EXPECT_TRUE(NeedsLookup(filter, old));
  EXPECT_FALSE(NeedsLookup(filter, Observation(At(600), 1)));
  filter.Want(DuplicateFilter::KeyOf(old));
  filter.Offer(old);
  filter.Offer(Observation(At(0), 2));  // not asked for
  EXPECT_EQ(Check(filter, old), Duplicate::kYes);
  EXPECT_EQ(Check(filter, Observation(At(0), 2)), Duplicate::kNo);
  EXPECT_EQ(Check(filter, Observation(At(0), 2)), Duplicate::kYes);  // twice in one batch
  filter.EndBatch();
  EXPECT_EQ(filter.rows(), 0u);
}

TEST(DuplicateFilter, TradesAreLookedUpOnlyUpToTheGreatestId) {
  DuplicateFilter filter;
  filter.SetFloor(kSource, At(600));
  filter.RememberTradeId(kSource, Name("BTCUSDT"), 100);
  EXPECT_TRUE(NeedsLookup(filter, Trade(100, At(700), 1)));
  EXPECT_FALSE(NeedsLookup(filter, Trade(101, At(0), 1)));
  Tick of_other_symbol = Trade(50, At(700), 1);
  of_other_symbol.symbol = Name("ETHUSDT");
  EXPECT_FALSE(NeedsLookup(filter, of_other_symbol));
  filter.Want(DuplicateFilter::KeyOf(Trade(100, At(700), 1)));
  filter.Offer(Trade(100, At(0), 1));  // silver has the id at another time
  EXPECT_EQ(Check(filter, Trade(100, At(700), 1)), Duplicate::kConflict);
}

TEST(DuplicateFilter, ForgetsTheOldestMinutesAndKnowsThatItDid) {
  DuplicateFilter filter(100);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(Check(filter, Observation(At(i), 1)), Duplicate::kNo);
  filter.EndBatch();
  EXPECT_LE(filter.rows(), 100u);
  EXPECT_TRUE(NeedsLookup(filter, Observation(At(0), 1)));
  EXPECT_FALSE(NeedsLookup(filter, Observation(At(299), 1)));
  EXPECT_EQ(Check(filter, Observation(At(299), 1)), Duplicate::kYes);
}

Tick Bar(Timestamp end, std::int32_t seconds, double price) {
  Tick tick = Observation(end - std::chrono::milliseconds(1), price);
  tick.symbol = Name("BTCUSDT");
  tick.bar_s = seconds;
  tick.open = tick.low = 1;
  tick.high = 9;
  return tick;
}

TEST(DuplicateFilter, ABarIsTheSameByItsTimeAndLength) {
  const Timestamp end = FromMicros(1'722'000'060'000'000);
  DuplicateFilter filter;
  EXPECT_EQ(Check(filter, Bar(end, 60, 2)), Duplicate::kNo);
  EXPECT_EQ(Check(filter, Bar(end, 60, 2)), Duplicate::kYes);
  EXPECT_EQ(Check(filter, Bar(end, 60, 3)), Duplicate::kConflict);
  EXPECT_EQ(Check(filter, Bar(end, 30, 2)), Duplicate::kNo) << "another length";
  EXPECT_EQ(Check(filter, Bar(end + 60s, 60, 2)), Duplicate::kNo);
  Tick other = Bar(end, 60, 2);
  other.high = 10;
  EXPECT_EQ(Check(filter, other), Duplicate::kConflict);
  other = Bar(end, 60, 2);
  other.symbol = Name();
  EXPECT_EQ(Check(filter, other), Duplicate::kNo);
  other.coin = Name("ethereum");
  EXPECT_EQ(Check(filter, other), Duplicate::kNo) << "without a symbol the coin tells them apart";
}

}  // namespace
}  // namespace cryptostream
