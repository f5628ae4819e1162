#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "market/tick.h"

namespace cryptostream {

// The newest tick of each series (coin, source, quote), by (event time, trade id, price) as in a window:
// never by arrival.
class NewestTicks {
 public:
  void Add(const Tick& tick);
  std::vector<Tick> All() const;

 private:
  std::map<std::tuple<Name, Name, Name>, Tick> newest_;
};

}  // namespace cryptostream
