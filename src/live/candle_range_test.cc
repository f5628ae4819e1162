// Bars: folding, ranges, the seam between memory and table, filling.
#include "live/candle_range.h"

#include <random>

#include "live/testing.h"

namespace cryptostream {
namespace {

using namespace testing_lake;
using namespace std::chrono_literals;

Minute MakeMinute(int m, double price, std::int64_t samples = 1, double volume = kNull) {
  return {{.source = Name("coingecko"),
           .open = price,
           .high = price + 1,
           .low = price - 1,
           .close = price + 0.5,
           .avg = price,
           .volume = volume,
           .vwap = IsNull(volume) ? kNull : price,
           .samples = samples},
          MinuteAt(m)};
}

// Memory holds minutes [floor, 1000), the table all of [0, 1000), where `has` says so.
struct World {
  explicit World(int floor_minute, std::function<bool(int)> has = [](int) { return true; }) {
    recent.known = true;
    recent.complete_from = MinuteAt(floor_minute);
    for (int m = 0; m < 1000; ++m) {
      if (!has(m)) continue;
      minutes.push_back(MakeMinute(m, 100 + m));
      if (m >= floor_minute) {
        WindowView view{.row = MakeRow(m, 100 + m), .closed = true, .committed = true, .sequence = 1};
        view.row.open = 100 + m, view.row.close = 100.5 + m, view.row.max_price = 101 + m, view.row.min_price = 99 + m;
        recent.windows.push_back(view);
      }
    }
    older.oldest = MinuteAt(0);
    older.read = [this](Timestamp from, Timestamp to) -> Result<std::vector<Minute>> {
      ++reads;
      EXPECT_LE(to, recent.complete_from);
      std::vector<Minute> out;
      for (const Minute& minute : minutes) {
        if (minute.start >= from && minute.start < to) out.push_back(minute);
      }
      return out;
    };
    // As the table answers: of what lies before the floor.
    older.newest_before = [this](Timestamp time) -> Result<std::optional<Timestamp>> {
      std::optional<Timestamp> found;
      for (const Minute& minute : minutes) {
        if (minute.start < std::min(time, recent.complete_from)) found = minute.start;
      }
      return found;
    };
    older.oldest_from = [this](Timestamp time) -> Result<std::optional<Timestamp>> {
      for (const Minute& minute : minutes) {
        if (minute.start >= time) return minute.start;
      }
      return std::nullopt;
    };
  }
  CandlePage Page(const CandleQuery& query) {
    auto page = BuildCandles(query, recent, {}, &older);
    EXPECT_TRUE(page && *page);
    return **page;
  }
  CoinWindows recent;
  OlderMinutes older;
  std::vector<Minute> minutes;
  int reads = 0;
};

std::vector<int> Opens(const CandlePage& page) {
  std::vector<int> out;
  for (const Candle& candle : page.candles) {
    out.push_back(static_cast<int>(std::chrono::duration_cast<std::chrono::minutes>(candle.open_time - kStart).count()));
  }
  return out;
}

std::string Text(const CandlePage& page) {
  std::string text;
  for (const Candle& candle : page.candles) text += Words(candle);
  return text;
}

TEST(CandleFolder, FoldsExactly) {
  CandleFolder folder(5min);
  folder.Add(MakeMinute(0, 10, 1, 2));
  folder.Add(MakeMinute(1, 20, 3, 6));
  folder.Add(MakeMinute(4, 0.1, 1));
  folder.Add(MakeMinute(5, 7, 1));
  auto bars = folder.Take();
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_EQ(bars[0].open, 10);
  EXPECT_EQ(bars[0].high, 21);
  EXPECT_EQ(bars[0].low, -0.9);
  EXPECT_EQ(bars[0].close, 0.6);
  EXPECT_EQ(bars[0].samples, 5);
  EXPECT_EQ(bars[0].avg, 70.1 / 5);
  EXPECT_EQ(bars[0].volume, 8);
  EXPECT_EQ(bars[0].vwap, 140.0 / 8);
  EXPECT_TRUE(bars[0].closed);
  EXPECT_FALSE(bars[1].closed);
  EXPECT_EQ(bars[1].avg, 7);
  EXPECT_TRUE(IsNull(bars[1].volume));
  EXPECT_TRUE(CandleFolder(5min).Take().empty());

  CandleFolder little(5min);
  little.Add(MakeMinute(0, 10, 1, 0.25));
  little.Add(MakeMinute(1, 20, 1, 0.25));
  EXPECT_EQ(little.Take()[0].vwap, 15) << "of less than one coin too";
}

TEST(CandleFolder, MeansNeverLeaveTheRangeAndNeedAllOfTheirParts) {
  auto fold = [](double second_vwap) {
    CandleFolder folder(5min);
    for (int m = 0; m < 3; ++m) {
      Minute minute = MakeMinute(m, 0.1, 1, 0.00123);
      if (m == 1) minute.vwap = second_vwap;
      folder.Add(minute);
    }
    return folder.Take().at(0);
  };
  EXPECT_EQ(fold(0.1).avg, 0.1);
  EXPECT_EQ(fold(0.1).vwap, 0.1);
  EXPECT_TRUE(IsNull(fold(kNull).vwap));
  EXPECT_FALSE(IsNull(fold(kNull).volume));
}

TEST(IntervalStart, CountsFromTheEpochAndBeforeIt) {
  EXPECT_EQ(IntervalStart(At("2024-08-08T23:59:59Z"), 1440min), At("2024-08-08T00:00:00Z"));
  EXPECT_EQ(IntervalStart(At("2024-08-08T07:00:00Z"), 240min), At("2024-08-08T04:00:00Z"));
  EXPECT_EQ(IntervalStart(Timestamp(-1us), 1min), Timestamp(-1min));
  EXPECT_EQ(NextIntervalStart(At("2024-08-08T00:00:01Z"), 5min), At("2024-08-08T00:05:00Z"));
  EXPECT_EQ(NextIntervalStart(At("2024-08-08T00:05:00Z"), 5min), At("2024-08-08T00:05:00Z"));
}

TEST(BuildCandles, LatestFromMemoryAlone) {
  World world(900);
  auto page = world.Page({.limit = 3});
  EXPECT_EQ(Opens(page), (std::vector<int>{997, 998, 999}));
  EXPECT_EQ(page.next_to, MinuteAt(997));
  EXPECT_EQ(world.reads, 0);
}

TEST(BuildCandles, LatestAcrossTheSeam) {
  World world(997);
  auto page = world.Page({.interval = 5min, .limit = 2});
  EXPECT_EQ(Opens(page), (std::vector<int>{990, 995}));
  EXPECT_EQ(page.candles[1].samples, 5);
  EXPECT_EQ(page.candles[1].open, 100 + 995);
  EXPECT_EQ(page.candles[1].close, 100.5 + 999);
  EXPECT_EQ(world.reads, 1);
  const std::string whole = Text(World(0).Page({.interval = 15min, .limit = 20}));
  // Every position of the seam gives the same bars.
  for (int floor = 0; floor <= 1000; floor += 37) {
    EXPECT_EQ(Text(World(floor).Page({.interval = 15min, .limit = 20})), whole) << floor;
  }
}

TEST(BuildCandles, SaysThatTheTableIsNeeded) {
  World world(997);
  auto page = BuildCandles({.limit = 10}, world.recent, {}, nullptr);
  ASSERT_TRUE(page);
  EXPECT_FALSE(*page);
  page = BuildCandles({.from = MinuteAt(998), .limit = 10}, world.recent, {}, nullptr);
  ASSERT_TRUE(page);
  EXPECT_TRUE(*page);
}

TEST(BuildCandles, RangesFollowBinance) {
  World world(500);
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(10), .limit = 3})), (std::vector<int>{10, 11, 12}));
  EXPECT_EQ(world.Page({.from = MinuteAt(10), .limit = 3}).next_from, MinuteAt(13));
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(10) + 1s, .limit = 2})), (std::vector<int>{11, 12}));
  EXPECT_EQ(Opens(world.Page({.to = MinuteAt(10), .limit = 3})), (std::vector<int>{7, 8, 9}));
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(498), .to = MinuteAt(502), .limit = 10})), (std::vector<int>{498, 499, 500, 501}));
  EXPECT_EQ(world.Page({.from = MinuteAt(498), .to = MinuteAt(502), .limit = 10}).next_from, std::nullopt);
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(990), .limit = 100})).size(), 10u);
  EXPECT_EQ(Opens(world.Page({.limit = 10'000})).size(), 1000u);
  EXPECT_TRUE(world.Page({.from = MinuteAt(2000), .limit = 3}).candles.empty());
  EXPECT_TRUE(world.Page({.to = MinuteAt(0), .limit = 3}).candles.empty());
}

TEST(BuildCandles, SparseHistoryIsFoundInFewReads) {
  World world(1000, [](int m) { return m % 333 == 0; });
  auto page = world.Page({.limit = 2});
  EXPECT_EQ(Opens(page), (std::vector<int>{666, 999}));
  EXPECT_LE(world.reads, 8);
  world.reads = 0;
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(1), .limit = 2})), (std::vector<int>{333, 666}));
  EXPECT_LE(world.reads, 8);
}

TEST(BuildCandles, PagesCoverEverythingOnce) {
  World world(700, [](int m) { return m % 7 != 3; });
  std::vector<int> seen;
  CandleQuery query{.from = MinuteAt(0), .limit = 97};
  for (int pages = 0; pages < 100; ++pages) {
    auto page = world.Page(query);
    for (int open : Opens(page)) seen.push_back(open);
    if (!page.next_from) break;
    query.from = page.next_from;
  }
  EXPECT_EQ(seen.size(), world.minutes.size());
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(BuildCandles, ClosedTimeOfTheSourceClosesABarWithoutALastMinute) {
  World world(0, [](int m) { return m == 990; });
  world.recent.complete_from = kNoTime;
  auto open = BuildCandles({.interval = 5min}, world.recent, {{"coingecko", MinuteAt(994)}}, nullptr);
  EXPECT_FALSE((**open).candles[0].closed);
  auto closed = BuildCandles({.interval = 5min}, world.recent, {{"coingecko", MinuteAt(995)}}, nullptr);
  EXPECT_TRUE((**closed).candles[0].closed);
}

TEST(FillPrevious, PutsFlatBarsIntoGaps) {
  World world(0, [](int m) { return m == 10 || m == 13; });
  auto page = world.Page({.limit = 10, .fill_previous = true});
  EXPECT_EQ(Opens(page), (std::vector<int>{10, 11, 12, 13}));
  EXPECT_EQ(page.candles[1].samples, 0);
  EXPECT_EQ(page.candles[2].open, 110.5);
  EXPECT_EQ(page.candles[2].high, 110.5);
  EXPECT_TRUE(IsNull(page.candles[2].volume));
  EXPECT_EQ(Opens(world.Page({.limit = 2, .fill_previous = true})), (std::vector<int>{12, 13}));
  EXPECT_EQ(Opens(world.Page({.from = MinuteAt(0), .limit = 2, .fill_previous = true})), (std::vector<int>{10, 11}));
}

TEST(FillPrevious, ARangeInsideAGapIsFlat) {
  World world(500, [](int m) { return m == 10 || m == 700; });
  auto page = world.Page({.from = MinuteAt(20), .to = MinuteAt(23), .fill_previous = true});
  EXPECT_EQ(Opens(page), (std::vector<int>{20, 21, 22}));
  EXPECT_EQ(page.candles[0].close, 110.5);
  EXPECT_EQ(page.next_from, std::nullopt);
  EXPECT_TRUE(world.Page({.from = MinuteAt(701), .fill_previous = true}).candles.empty());  // nothing is known there yet
  EXPECT_TRUE(world.Page({.to = MinuteAt(10), .fill_previous = true}).candles.empty());
  auto needed = BuildCandles({.from = MinuteAt(20), .limit = 3, .fill_previous = true}, world.recent, {}, nullptr);
  ASSERT_TRUE(needed);
  EXPECT_FALSE(*needed);
}

// All pages of a question, in the order of time.
std::vector<Candle> AllPages(World& world, CandleQuery query) {
  std::vector<Candle> all;
  for (int pages = 0; pages < 3000; ++pages) {
    CandlePage page = world.Page(query);
    EXPECT_LE(page.candles.size(), query.limit);
    EXPECT_FALSE(page.candles.empty() && (page.next_from || page.next_to)) << "a link that leads on from nothing";
    all.insert(query.from ? all.end() : all.begin(), page.candles.begin(), page.candles.end());
    if (!page.next_from && !page.next_to) return all;
    (query.from ? query.from : query.to) = query.from ? page.next_from : page.next_to;
  }
  ADD_FAILURE() << "the pages do not end";
  return all;
}

// Whatever the data, the seam, the interval, the bounds, the filling and the direction: pages of any size are cuts of
// one answer, and a bound only cuts.
TEST(BuildCandles, PagingNeverChangesAnAnswer) {
  std::mt19937 random(20240808);
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 60; ++round) {
    const int sparseness = 1 << below(9), floor = below(1001), hole = below(900), hole_end = hole + below(400);
    std::vector<bool> has(1000);
    for (int m = 0; m < 1000; ++m) has[static_cast<std::size_t>(m)] = (m < hole || m >= hole_end) && below(sparseness) == 0;
    World world(floor, [&](int m) { return has[static_cast<std::size_t>(m)]; });
    if (below(4) == 0) world.recent.complete_from = world.minutes.empty() ? kNoTime : world.recent.complete_from;
    const std::chrono::minutes intervals[] = {1min, 5min, 15min, 60min, 240min};
    CandleQuery query{.interval = intervals[below(5)], .limit = 10'000, .fill_previous = below(2) == 0};
    if (below(2) == 0) query.from = MinuteAt(below(1200) - 100);
    if (below(2) == 0) query.to = query.from.value_or(kStart) + std::chrono::minutes(1 + below(800));
    const CandlePage whole = world.Page(query);
    EXPECT_FALSE(whole.next_from || whole.next_to);
    for (std::size_t limit : {1, 2, 3, 7, 10, 100}) {
      if (limit < 3 && whole.candles.size() > 300) continue;
      query.limit = limit;
      CandlePage pages{.candles = AllPages(world, query)};
      ASSERT_EQ(Text(pages), Text(whole)) << "round=" << round << " limit=" << limit << " fill=" << query.fill_previous;
    }
    // Without bounds, cut by hand.
    CandlePage all = world.Page({.interval = query.interval, .limit = 10'000, .fill_previous = query.fill_previous}), cut;
    for (const Candle& candle : all.candles) {
      if ((!query.from || candle.open_time >= *query.from) && (!query.to || candle.open_time < *query.to)) {
        cut.candles.push_back(candle);
      }
    }
    ASSERT_EQ(Text(whole), Text(cut)) << "round=" << round;
  }
}

}  // namespace
}  // namespace cryptostream
