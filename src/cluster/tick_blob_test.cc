// Ticks and windows arrive as they were sent, and what may be one row meets.
#include "cluster/tick_blob.h"

#include <gtest/gtest.h>

#include <set>

#include "lake/dedup.h"

namespace cryptostream {
namespace {

Tick Trade(std::int64_t id, double price) {
  Tick tick;
  tick.coin = Name("bitcoin");
  tick.source = Name("binance_spot");
  tick.symbol = Name("BTCUSDT");
  tick.quote = Name("usdt");
  tick.event_time = FromMicros(1'763'855'700'000'000 + id);
  tick.ingested = tick.event_time;
  tick.trade_id = id;
  tick.price = price;
  tick.quantity = 0.5;
  return tick;
}

TEST(TickBlob, TicksReadBackWithTheirOrigins) {
  std::vector<OriginTick> ticks;
  for (std::int64_t i = 0; i < 10; ++i) ticks.push_back({Trade(i, 100 + 0.1 * static_cast<double>(i)), OrderOf(3, i), 2});
  auto bytes = EncodeTicks(ticks);
  ASSERT_TRUE(bytes) << bytes.error().message;
  std::vector<OriginTick> read;
  ASSERT_TRUE(DecodeTicks(*bytes, SourceQuotes(), read));
  ASSERT_TRUE(DecodeTicks(*bytes, SourceQuotes(), read));  // adds
  ASSERT_EQ(read.size(), 20u);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(DuplicateFilter::KeyOf(read[i].tick), DuplicateFilter::KeyOf(ticks[i].tick));
    EXPECT_EQ(read[i].order, ticks[i].order);
    EXPECT_EQ(FileOfOrder(read[i].order), 3);
    EXPECT_EQ(RowOfOrder(read[i].order), static_cast<std::int64_t>(i));
    EXPECT_EQ(read[i].partition, 2);
  }
  EXPECT_FALSE(DecodeTicks("garbage", SourceQuotes(), read));
}

TEST(TickBlob, DuplicatesAndConflictsMeetInABucket) {
  std::set<std::int32_t> used;
  for (std::int64_t id = 0; id < 100'000; id += 1'000) {
    Tick conflict = Trade(id, 5);
    conflict.event_time += std::chrono::days(3);
    conflict.coin = Name("ethereum");
    EXPECT_EQ(BucketOf(Trade(id, 100), 8), BucketOf(conflict, 8));
    used.insert(BucketOf(conflict, 8));
  }
  EXPECT_GT(used.size(), 4u);
  Tick bar = Trade(1, 100);
  bar.trade_id = kNoTradeId;
  bar.bar_s = 60;
  Tick other = bar;
  other.price = 3;
  other.coin = Name("ethereum");  // its symbol says which market it is
  EXPECT_EQ(BucketOf(bar, 1'000), BucketOf(other, 1'000));
}

TEST(TickBlob, WindowsReadBack) {
  std::string bytes;
  std::vector<WindowKey> keys;
  for (std::int64_t i = 0; i < 3; ++i) {
    WindowAccumulator window;
    window.Add(Trade(i, 100));
    keys.push_back(WindowOf(Trade(i, 100)));
    AppendWindow(keys.back(), window, bytes);
  }
  auto read = WindowsOf(bytes);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ(read->front().first, keys.front());
  EXPECT_EQ(read->front().second.rows(), 1);
  EXPECT_FALSE(WindowsOf(bytes.substr(0, bytes.size() - 1)));
}

}  // namespace
}  // namespace cryptostream
