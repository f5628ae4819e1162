// Bars out of rollups are the bars out of minutes, to the bit, wherever the rollup ends and however the sources mix.
#include "live/rollup_plan.h"

#include <gmock/gmock.h>

#include <random>

#include "live/testing.h"
#include "market/derived_table.h"
#include "market/rollup.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Timestamp kDay = At("2024-08-08T00:00:00Z");
Timestamp Hour(int h) { return kDay + std::chrono::hours(h); }

Minute HourRow(int h, std::string_view source = "coingecko") { return {{.source = Name(source)}, Hour(h), 60min}; }

TEST(MinuteSpans, WholeClosedHoursNeedNoMinutes) {
  RollupReach reach{60min, {{"coingecko", Hour(9)}}, {{"coingecko", Hour(9)}}};
  EXPECT_THAT(MinuteSpans({Hour(2), Hour(8)}, reach, {HourRow(2), HourRow(5)}), IsEmpty());
}

TEST(MinuteSpans, CutHoursAtTheEndsComeFromMinutes) {
  RollupReach reach{60min, {{"coingecko", Hour(9)}}, {{"coingecko", Hour(9)}}};
  EXPECT_THAT(MinuteSpans({Hour(2) + 1min, Hour(8) - 1min}, reach, {HourRow(3)}),
              ElementsAre(TimeSpan{Hour(2) + 1min, Hour(3)}, TimeSpan{Hour(7), Hour(8) - 1min}));
  EXPECT_THAT(MinuteSpans({Hour(2) + 1min, Hour(3) - 1min}, reach, {}), ElementsAre(TimeSpan{Hour(2) + 1min, Hour(3) - 1min}));
}

TEST(MinuteSpans, WhatTheRollupHasNotReachedComesFromMinutes) {
  RollupReach reach{60min, {{"kraken", Hour(4) + 10min}}, {{"kraken", Hour(5) + 10min}, {"coingecko", Hour(3)}}};
  EXPECT_THAT(MinuteSpans({Hour(1), Hour(8)}, reach, {}), ElementsAre(TimeSpan{Hour(1), Hour(3)}, TimeSpan{Hour(4), Hour(6)}));
}

TEST(MinuteSpans, HoursOfSeveralSourcesComeFromMinutes) {
  RollupReach reach{60min, {{"coingecko", Hour(9)}}, {{"coingecko", Hour(9)}}};
  EXPECT_THAT(MinuteSpans({Hour(2), Hour(8)}, reach, {HourRow(2), HourRow(4), HourRow(4, "kraken"), HourRow(5)}),
              ElementsAre(TimeSpan{Hour(4), Hour(5)}));
}

TEST(MinuteSpans, ManySpansAreJoinedAcrossTheSmallestGaps) {
  RollupReach reach{60min, {{"coingecko", Hour(99)}}, {{"coingecko", Hour(99)}}};
  std::vector<Minute> rows;
  for (int h : {1, 4, 6, 20, 40, 60}) rows.insert(rows.end(), {HourRow(h), HourRow(h, "kraken")});
  EXPECT_THAT(MinuteSpans({Hour(0), Hour(80)}, reach, rows),
              ElementsAre(TimeSpan{Hour(1), Hour(7)}, TimeSpan{Hour(20), Hour(21)}, TimeSpan{Hour(40), Hour(41)},
                          TimeSpan{Hour(60), Hour(61)}));
}

// Two sources over six days, gold's rows of them, and a rollup that has come less far than gold.
class Mixed {
 public:
  explicit Mixed(unsigned seed) : draw_(seed) {
    AddSource("coingecko", 0, 24 * 60 * 6, 0.4);
    AddSource("kraken", 24 * 60 + 77, 24 * 60 * 3 + 13, 0.2);
  }

  std::string Bars(TimeSpan range, std::chrono::minutes interval, const DerivedTable* rollup) {
    std::vector<Minute> parts = rollup ? FromRollup(range, *rollup) : Minutes(range);
    CandleFolder folder(interval);
    for (const Minute& part : parts) folder.Add(part);
    std::string text;
    for (Candle candle : folder.Take()) {
      candle.closed = true;  // BuildCandles decides it by the closed times
      text += Words(candle);
    }
    return text;
  }
  TimeSpan AnyRange() {
    int from = static_cast<int>(draw_() % (24 * 60 * 6)), to = static_cast<int>(draw_() % (24 * 60 * 6));
    if (draw_() % 2) from -= from % 60, to -= to % 60;
    return {kDay + std::chrono::minutes(std::min(from, to)), kDay + std::chrono::minutes(std::max(from, to) + 1)};
  }

 private:
  void AddSource(const char* source, int from, int to, double density) {
    std::uniform_real_distribution<double> price(0.5, 2), quantity(0.001, 5), chance(0, 1);
    for (int m = from; m < to; ++m) {
      if (chance(draw_) > density) continue;
      WindowAccumulator sum;
      for (int i = 0; i <= m % 3; ++i) {
        Tick tick = MakeTick(0, price(draw_), "bitcoin", source);
        tick.event_time = kDay + std::chrono::minutes(m) + std::chrono::seconds(i);
        if (source == std::string("kraken")) tick.trade_id = 3 * m + i, tick.quantity = m % 7 ? quantity(draw_) : 0;
        sum.Add(tick);
      }
      gold_.push_back(sum.Finish({kDay + std::chrono::minutes(m), Name("bitcoin"), Name(source)}));
    }
    gold_closed_[source] = gold_.back().end();
    rollup_closed_[source] = gold_.back().end() - std::chrono::minutes(draw_() % 500);
  }
  // One a minute; kraken answers first.
  std::vector<Minute> Minutes(TimeSpan range) const {
    std::map<Timestamp, Minute> chosen;
    for (const GoldRow& row : gold_) {
      if (row.key.start < range.from || row.key.start >= range.to) continue;
      chosen[row.key.start] = ToMinute({.row = row, .closed = true, .committed = true});  // kraken's come last
    }
    std::vector<Minute> out;
    for (const auto& [start, minute] : chosen) out.push_back(minute);
    return out;
  }
  std::vector<Minute> FromRollup(TimeSpan range, const DerivedTable& rollup) const {
    std::map<WindowKey, RollupAccumulator> sums;
    for (const GoldRow& row : gold_) {
      WindowKey key = PeriodKey(row.key, rollup.period);
      if (key.start + rollup.period <= rollup_closed_.at(key.source.str())) sums[key].Add(row);
    }
    std::vector<Minute> rows;
    for (const auto& [key, sum] : sums) {
      if (key.start < range.from || key.start >= range.to) continue;
      rows.push_back(ToMinute({.row = sum.Finish(key), .closed = true, .committed = true}));
      rows.back().length = rollup.period;
    }
    auto spans = MinuteSpans(range, {rollup.period, rollup_closed_, gold_closed_}, rows);
    std::vector<Minute> minutes;
    for (const TimeSpan& span : spans) {
      auto part = Minutes(span);
      minutes.insert(minutes.end(), part.begin(), part.end());
    }
    return Splice(rows, spans, minutes);
  }

  std::mt19937_64 draw_;
  std::vector<GoldRow> gold_;
  TimesBySource gold_closed_, rollup_closed_;
};

TEST(Rollups, GiveTheBarsOfTheMinutes) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Mixed world(seed);
    for (int round = 0; round < 40; ++round) {
      TimeSpan range = world.AnyRange();
      EXPECT_EQ(world.Bars(range, 60min, &SourcesHourly()), world.Bars(range, 60min, nullptr)) << "seed " << seed;
      EXPECT_EQ(world.Bars(range, 240min, &SourcesHourly()), world.Bars(range, 240min, nullptr)) << "seed " << seed;
      EXPECT_EQ(world.Bars(range, 1440min, &SourcesDaily()), world.Bars(range, 1440min, nullptr)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace cryptostream
