// Of many ticks the newest of each series: memory of a row a series, however long silver is.
#include "sink/newest.h"

namespace cryptostream {

void NewestTicks::Add(const Tick& tick) {
  auto [there, inserted] = newest_.try_emplace({tick.coin, tick.source, tick.quote}, tick);
  if (inserted) return;
  auto order = [](const Tick& each) { return std::tuple(each.event_time, each.trade_id, each.price); };
  if (order(tick) >= order(there->second)) there->second = tick;
}

std::vector<Tick> NewestTicks::All() const {
  std::vector<Tick> all;
  for (const auto& [series, tick] : newest_) all.push_back(tick);
  return all;
}

}  // namespace cryptostream
