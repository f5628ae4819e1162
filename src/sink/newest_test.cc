// The newest tick of a series is decided by time, trade id and price, never by arrival.
#include "sink/newest.h"

#include <gtest/gtest.h>

namespace cryptostream {
namespace {

Tick Observed(const char* coin, int second, double price, std::int64_t trade_id = kNoTradeId) {
  Tick tick;
  tick.coin = Name(coin);
  tick.source = Name("s");
  tick.quote = Name("usd");
  tick.event_time = FromMicros(second * 1'000'000);
  tick.price = price;
  tick.trade_id = trade_id;
  return tick;
}

TEST(NewestTicks, DoesNotCareForTheOrderOfArrival) {
  const std::vector<Tick> ticks{Observed("a", 2, 5), Observed("a", 3, 1, 7), Observed("a", 3, 9), Observed("b", 1, 4),
                                Observed("a", 3, 2, 7)};
  for (bool backwards : {false, true}) {
    NewestTicks newest;
    for (std::size_t i = 0; i < ticks.size(); ++i) newest.Add(ticks[backwards ? ticks.size() - 1 - i : i]);
    std::vector<Tick> all = newest.All();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].price, 2);
    EXPECT_EQ(all[1].price, 4);
  }
}

}  // namespace
}  // namespace cryptostream
