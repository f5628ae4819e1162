// A window's figures, on numbers that can be checked by hand.
#include "market/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "market/columns.h"

namespace cryptostream {
namespace {

Tick Trade(std::int64_t second, std::int64_t id, double price, double quantity) {
  Tick tick;
  tick.coin = Name("bitcoin");
  tick.source = Name("binance_spot");
  tick.event_time = FromMicros(second * 1'000'000);
  tick.trade_id = id;
  tick.price = price;
  tick.quantity = quantity;
  return tick;
}
Tick Observation(std::int64_t second, double price, std::int64_t updated, double volume_24h) {
  Tick tick = Trade(second, kNoTradeId, price, kNull);
  tick.last_updated = FromMicros(updated * 1'000'000);
  tick.volume_24h = volume_24h;
  return tick;
}
GoldRow Fold(const std::vector<Tick>& ticks) {
  WindowAccumulator sum;
  for (const Tick& tick : ticks) sum.Add(tick);
  return sum.Finish({FromMicros(0), Name("bitcoin"), Name("binance_spot")});
}

TEST(Window, OfTradesHasVolumeAndVwap) {
  GoldRow row = Fold({Trade(1, 10, 100, 1), Trade(2, 11, 110, 3), Trade(3, 12, 90, 0)});
  EXPECT_EQ(row.open, 100);
  EXPECT_EQ(row.close, 90);
  EXPECT_EQ(row.max_price, 110);
  EXPECT_EQ(row.min_price, 90);
  EXPECT_EQ(row.avg_price, 100);
  EXPECT_EQ(row.price_change, -10);
  EXPECT_EQ(row.price_change_pct, -10);
  EXPECT_EQ(row.range_pct, 20);
  EXPECT_EQ(row.volume, 4);
  EXPECT_EQ(row.vwap, 107.5);
  EXPECT_EQ(row.samples, 3);
  EXPECT_EQ(row.updates, 3);
  EXPECT_TRUE(IsNull(row.volume_24h));
}

TEST(Window, OfOnePriceHasItAsMeanToTheBit) {
  GoldRow polls = Fold({Observation(10, 0.1, 5, 1), Observation(20, 0.1, 5, 1), Observation(30, 0.1, 5, 1)});
  EXPECT_EQ(polls.avg_price, 0.1);
  EXPECT_EQ(polls.range_pct, 0);
  EXPECT_EQ(Fold({Trade(1, 10, 60000, 0.00123)}).vwap, 60000);
}

TEST(Window, OfObservationsCountsDistinctUpdates) {
  GoldRow row = Fold({Observation(10, 100, 5, 1000), Observation(25, 100, 5, 1001), Observation(40, 102, 30, 999)});
  EXPECT_EQ(row.samples, 3);
  EXPECT_EQ(row.updates, 2);
  EXPECT_EQ(row.volume_24h, 999);
  EXPECT_EQ(row.max_source_age_s, 20);
  EXPECT_TRUE(IsNull(row.volume));
  EXPECT_TRUE(IsNull(row.vwap));
}

TEST(Window, FirstAndLastGoByEventTimeThenTradeIdThenPrice) {
  GoldRow row = Fold({Trade(5, 8, 3, 1), Trade(5, 7, 2, 1), Trade(1, 2, 5, 1), Trade(1, 1, 4, 1)});
  EXPECT_EQ(row.open, 4);
  EXPECT_EQ(row.close, 3);
}

TEST(Window, AnyOrderGivesTheSameBits) {
  std::vector<Tick> ticks;
  for (int i = 0; i < 6; ++i) ticks.push_back(Trade(i / 2, i, 0.1 * (i * 5 % 7 + 1), 0.3 * i));
  GoldRow first = Fold(ticks);
  std::sort(ticks.begin(), ticks.end(), [](const Tick& a, const Tick& b) { return a.trade_id < b.trade_id; });
  do {
    GoldRow row = Fold(ticks);
    EXPECT_EQ(row.avg_price, first.avg_price);
    EXPECT_EQ(row.volatility, first.volatility);
    EXPECT_EQ(row.volume, first.volume);
    EXPECT_EQ(row.vwap, first.vwap);
    EXPECT_EQ(row.open, first.open);
    EXPECT_EQ(row.close, first.close);
  } while (
      std::next_permutation(ticks.begin(), ticks.end(), [](const Tick& a, const Tick& b) { return a.trade_id < b.trade_id; }));
}

Tick Bar(std::int64_t start, std::int32_t seconds, std::array<double, 4> open_high_low_close, double volume, double vwap) {
  Tick tick = Trade(start + seconds, kNoTradeId, open_high_low_close[3], volume);
  tick.event_time -= std::chrono::milliseconds(1);
  tick.bar_s = seconds;
  tick.open = open_high_low_close[0];
  tick.high = open_high_low_close[1];
  tick.low = open_high_low_close[2];
  tick.vwap = vwap;
  return tick;
}

TEST(Window, ABarIsFourSamples) {
  GoldRow row = Fold({Bar(0, 60, {100, 120, 80, 110}, 7, 101)});
  EXPECT_EQ(row.open, 100);
  EXPECT_EQ(row.close, 110);
  EXPECT_EQ(row.max_price, 120);
  EXPECT_EQ(row.min_price, 80);
  EXPECT_EQ(row.avg_price, 102.5);
  EXPECT_EQ(row.samples, 4);
  EXPECT_EQ(row.updates, 1);
  EXPECT_EQ(row.volume, 7);
  EXPECT_EQ(row.vwap, 101);
  EXPECT_EQ(ToMicros(row.first_event), 59'999'000);
  EXPECT_EQ(ToMicros(row.last_event), 59'999'000);
}

TEST(Window, ShorterBarsAddUpInAnyOrder) {
  std::vector<Tick> bars{Bar(0, 30, {100, 110, 90, 95}, 1, 100), Bar(30, 30, {96, 99, 80, 97}, 3, 90)};
  GoldRow row = Fold(bars);
  EXPECT_EQ(row.open, 100);
  EXPECT_EQ(row.close, 97);
  EXPECT_EQ(row.min_price, 80);
  EXPECT_EQ(row.volume, 4);
  EXPECT_EQ(row.vwap, 92.5);
  std::ranges::reverse(bars);
  EXPECT_EQ(Fold(bars).avg_price, row.avg_price);
  EXPECT_EQ(Fold(bars).open, 100);
  bars[0].vwap = kNull;
  EXPECT_TRUE(IsNull(Fold(bars).vwap)) << "of a part of the volume nobody knows it";
  EXPECT_EQ(Fold(bars).volume, 4);
}

TEST(Window, BarsDoNotCountBesideTrades) {
  std::vector<Tick> trades{Trade(10, 1, 100, 2), Trade(50, 2, 104, 2)};
  GoldRow alone = Fold(trades);
  for (std::size_t at : {0u, 1u, 2u}) {
    std::vector<Tick> both = trades;
    both.insert(both.begin() + static_cast<std::ptrdiff_t>(at), Bar(0, 60, {90, 130, 70, 110}, 7, 101));
    GoldRow row = Fold(both);
    EXPECT_EQ(row.samples, 2);
    EXPECT_EQ(row.max_price, 104);
    EXPECT_EQ(row.volume, alone.volume);
    EXPECT_EQ(row.last_event, alone.last_event);
  }
}

TEST(Window, ABarAndPolledPricesCountTogether) {
  GoldRow row = Fold({Observation(20, 130, 15, 9), Bar(0, 60, {100, 120, 80, 110}, 7, kNull)});
  EXPECT_EQ(row.open, 100);
  EXPECT_EQ(row.max_price, 130);
  EXPECT_EQ(row.samples, 5);
  EXPECT_EQ(row.updates, 2);
  EXPECT_TRUE(IsNull(row.vwap));
}

std::string BytesOf(const WindowAccumulator& window) {
  std::string bytes;
  window.AppendTo(bytes);
  return bytes;
}

TEST(Window, PartsFromOtherProcessesGiveTheSameBits) {
  const std::vector<std::vector<Tick>> windows{
      {Observation(20, 130.1, 15, 9), Observation(21, 0.3, 15, 9), Observation(22, 1e9, 16, 9),
       Bar(0, 60, {100, 120, 80, 110}, 7, kNull)},
      {Trade(10, 1, 100.7, 2), Trade(50, 2, 104.2, 0.1), Trade(50, 3, 103, 3), Bar(0, 60, {90, 130, 70, 110}, 7, 101)},
      {Bar(0, 30, {100, 110, 90, 95}, 1, 100), Bar(30, 30, {96, 99, 80, 97}, 3, 90)}};
  for (const std::vector<Tick>& ticks : windows) {
    for (std::size_t cut = 0; cut <= ticks.size(); ++cut) {
      WindowAccumulator front, back;
      for (std::size_t i = 0; i < ticks.size(); ++i) (i < cut ? front : back).Add(ticks[i]);
      for (const auto& [into, from] : {std::pair(&front, &back), std::pair(&back, &front)}) {
        std::string bytes = BytesOf(*into) + BytesOf(*from);
        std::string_view left = bytes;
        WindowAccumulator whole = *WindowAccumulator::TakeFrom(left);
        whole.Add(*WindowAccumulator::TakeFrom(left));
        EXPECT_TRUE(left.empty());
        EXPECT_TRUE(SameRow(whole.Finish(Fold(ticks).key), Fold(ticks))) << cut;
      }
    }
  }
}

TEST(Window, BytesThatAreCutOffAreNoWindow) {
  WindowAccumulator window;
  window.Add(Observation(20, 130, 15, 9));
  const std::string bytes = BytesOf(window);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view cut = std::string_view(bytes).substr(0, size);
    EXPECT_EQ(WindowAccumulator::TakeFrom(cut).error().kind, ErrorKind::kCorrupt) << size;
  }
}

}  // namespace
}  // namespace cryptostream
