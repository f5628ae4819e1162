#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/time.h"
#include "live/candle_fold.h"
#include "live/tail_plan.h"

namespace cryptostream {

// How far a rollup table has come, and gold, source by source: the ends of their closed windows.
struct RollupReach {
  std::chrono::minutes period{60};
  TimesBySource rollup, gold;
  std::string quote = {};  // rows in another currency do not answer; empty: all do
};

// Which parts of `asked` must be folded from minutes although there is a rollup: periods at its ends that it cuts, periods that the
// rollup has no row of yet, periods in which several sources have rows, because sources answer minute by minute, and those whose row is in
// another currency.
// In: the rollup's rows of one coin in `asked`, ascending. Out: ascending, apart from each other; few (near ones are joined).
std::vector<TimeSpan> MinuteSpans(TimeSpan asked, const RollupReach& reach, const std::vector<Minute>& rows);

// The rows outside the spans and the minutes inside, in order.
std::vector<Minute> Splice(const std::vector<Minute>& rows, const std::vector<TimeSpan>& spans,
                           const std::vector<Minute>& minutes);

}  // namespace cryptostream
