// Hours and days out of minutes: every column, and that the order of the minutes does not matter.
#include "market/rollup.h"

#include "market/derived_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

namespace cryptostream {
namespace {

using namespace std::chrono_literals;

const Timestamp kHour = *ParseRfc3339("2024-08-08T12:00:00Z");
const WindowKey kKey{kHour, Name("bitcoin"), Name("binance_spot")};

Tick MakeTick(std::chrono::seconds at, double price, double quantity = kNull) {
  Tick tick;
  tick.coin = kKey.coin;
  tick.source = kKey.source;
  tick.event_time = kHour + at;
  tick.price = price;
  if (!IsNull(quantity)) {
    tick.trade_id = at.count();
    tick.quantity = quantity;
  }
  return tick;
}

GoldRow Fold(const std::vector<Tick>& ticks) {
  WindowAccumulator sum;
  for (const Tick& tick : ticks) sum.Add(tick);
  return sum.Finish({WindowStart(ticks[0].event_time), kKey.coin, kKey.source});
}

GoldRow Roll(const std::vector<GoldRow>& minutes) {
  RollupAccumulator sum;
  for (const GoldRow& minute : minutes) sum.Add(minute);
  return sum.Finish(kKey);
}

void ExpectSame(const GoldRow& a, const GoldRow& b) {
  EXPECT_EQ(a.key, b.key);
  for (double GoldRow::* column :
       {&GoldRow::avg_price, &GoldRow::max_price, &GoldRow::min_price, &GoldRow::open, &GoldRow::close, &GoldRow::price_change,
        &GoldRow::price_change_pct, &GoldRow::volatility, &GoldRow::range_pct, &GoldRow::volume, &GoldRow::vwap,
        &GoldRow::volume_24h, &GoldRow::market_cap, &GoldRow::max_source_age_s}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.*column), std::bit_cast<std::uint64_t>(b.*column)) << a.*column << " " << b.*column;
  }
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.updates, b.updates);
  EXPECT_EQ(a.first_event, b.first_event);
  EXPECT_EQ(a.last_event, b.last_event);
}

TEST(Rollup, WeighsMinutesByWhatTheyStandFor) {
  GoldRow row = Roll({Fold({MakeTick(0s, 10, 1), MakeTick(1s, 14, 3)}), Fold({MakeTick(70s, 20, 4)}),
                      Fold({MakeTick(300s, 8, 2), MakeTick(301s, 8, 0)})});
  EXPECT_EQ(row.key.start, kHour);
  EXPECT_EQ(row.samples, 5);
  EXPECT_EQ(row.updates, 5);
  EXPECT_EQ(row.avg_price, 60.0 / 5);
  EXPECT_EQ(row.open, 10);
  EXPECT_EQ(row.close, 8);
  EXPECT_EQ(row.max_price, 20);
  EXPECT_EQ(row.min_price, 8);
  EXPECT_EQ(row.price_change, -2);
  EXPECT_EQ(row.price_change_pct, -20);
  EXPECT_EQ(row.range_pct, 100);
  EXPECT_EQ(row.volume, 10);
  EXPECT_DOUBLE_EQ(row.vwap, (10 * 1 + 14 * 3 + 20 * 4 + 8 * 2) / 10.0);
  // Deviations from the mean 12: -2, 2, 8, -4, -4.
  EXPECT_DOUBLE_EQ(row.volatility, std::sqrt((4 + 4 + 64 + 16 + 16) / 5.0));
  EXPECT_EQ(row.first_event, kHour);
  EXPECT_EQ(row.last_event, kHour + 301s);
}

TEST(Rollup, MinutesOfOneSampleGiveTheBitsOfTheSamples) {
  std::mt19937_64 draw(7);
  std::uniform_real_distribution<double> price(0.0001, 0.0002);
  std::vector<Tick> ticks;
  std::vector<GoldRow> minutes;
  for (int m = 0; m < 60; ++m) {
    ticks.push_back(MakeTick(std::chrono::seconds(60 * m + 1), price(draw)));
    minutes.push_back(Fold({ticks.back()}));
  }
  GoldRow all = Fold(ticks);
  all.key = kKey;
  ExpectSame(Roll(minutes), all);
}

TEST(Rollup, TheOrderOfMinutesDoesNotMatter) {
  std::mt19937_64 draw(11);
  std::uniform_real_distribution<double> price(60'000, 61'000), quantity(1e-8, 3);
  std::vector<GoldRow> minutes;
  for (int m = 0; m < 60; ++m) {
    std::vector<Tick> ticks;
    for (int i = 0; i <= m % 5; ++i) ticks.push_back(MakeTick(std::chrono::seconds(60 * m + i), price(draw), quantity(draw)));
    for (Tick& tick : ticks) tick.volume_24h = m % 3 ? kNull : 1e9 + m;
    minutes.push_back(Fold(ticks));
  }
  const GoldRow ordered = Roll(minutes);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(minutes.begin(), minutes.end(), draw);
    ExpectSame(Roll(minutes), ordered);
  }
  EXPECT_EQ(ordered.volume_24h, 1e9 + 57);
}

TEST(Rollup, OneMinuteIsThatMinute) {
  GoldRow minute = Fold({MakeTick(65s, 0.1, 0.3), MakeTick(66s, 0.3, 0.7), MakeTick(67s, 0.7, 0.1)});
  GoldRow row = Roll({minute});
  minute.key = kKey;
  ExpectSame(row, minute);
}

TEST(Rollup, AFlatPriceHasNoVolatility) {
  std::vector<GoldRow> minutes;
  for (int m = 0; m < 60; ++m) {
    minutes.push_back(Fold({MakeTick(std::chrono::seconds(60 * m), 0.1), MakeTick(std::chrono::seconds(60 * m + 9), 0.1)}));
  }
  EXPECT_EQ(Roll(minutes).volatility, 0);
}

TEST(Rollup, AFigureOf24HoursIsThatOfTheLastMinuteThatHasIt) {
  auto minute = [](int m, double volume_24h, double market_cap) {
    GoldRow row = Fold({MakeTick(std::chrono::seconds(60 * m), 1)});
    row.volume_24h = volume_24h;
    row.market_cap = market_cap;
    return row;
  };
  GoldRow row = Roll({minute(5, 55, kNull), minute(9, kNull, kNull), minute(2, 22, 222)});
  EXPECT_EQ(row.volume_24h, 55);
  EXPECT_EQ(row.market_cap, 222);
  EXPECT_TRUE(IsNull(row.volume));
  EXPECT_TRUE(IsNull(row.vwap));
}

TEST(Rollup, HasAVwapOnlyIfEachMinuteWithAVolumeHasOne) {
  auto minute = [](int m, double volume, double vwap) {
    GoldRow row = Fold({MakeTick(std::chrono::seconds(60 * m), 60000)});
    row.volume = volume;
    row.vwap = vwap;
    return row;
  };
  EXPECT_EQ(Roll({minute(1, 0.00123, 60000), minute(2, 0.1, 60000), minute(3, 0, kNull), minute(4, kNull, kNull)}).vwap, 60000);
  GoldRow lacking = Roll({minute(1, 2, 60000), minute(2, 1, kNull)});
  EXPECT_TRUE(IsNull(lacking.vwap));
  EXPECT_EQ(lacking.volume, 3);
}

TEST(Rollup, PeriodsBeginAtTheHourAndAtMidnightUtc) {
  Timestamp time = *ParseRfc3339("2024-08-08T23:59:59.999999Z");
  EXPECT_EQ(FormatRfc3339(PeriodStart(time, HourlyRollup().period)), "2024-08-08T23:00:00.000Z");
  EXPECT_EQ(FormatRfc3339(PeriodStart(time, DailyRollup().period)), "2024-08-08T00:00:00.000Z");
  EXPECT_EQ(FormatRfc3339(PeriodStart(FromMicros(-1), DailyRollup().period)), "1969-12-31T00:00:00.000Z");
}

}  // namespace
}  // namespace cryptostream
