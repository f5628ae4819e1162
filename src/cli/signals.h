#pragma once

#include <functional>

#include "base/stop.h"

namespace cryptostream {

// What the signals come to while a command runs.
struct SignalActions {
  bool commits = false;          // a stop has something in hand to commit, so it may take its time
  std::function<void()> reload;  // SIGHUP; empty: it stops, as SIGTERM does
};

// From now on SIGINT, SIGTERM and SIGHUP are waited for on a thread of their own, so that no handler runs in the middle of anything. The
// first stop asks `stop`; a second one, or too long a wait, ends the process at once (the tables are right either way).
void WatchSignals(StopSource stop);
// Requires: WatchSignals was called.
void SetSignalActions(SignalActions actions);

}  // namespace cryptostream
