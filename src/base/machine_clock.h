#pragma once

#include "base/time.h"

namespace cryptostream {

// The machine's clock, for everything that is not given another one.
inline const SystemClock& MachineClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace cryptostream
