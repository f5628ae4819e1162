// A sleep that a stop request ends at once: what every waiting loop of the program uses instead of sleep_for.
#include "base/stop.h"

#include <mutex>

namespace cryptostream {

bool SleepFor(StopToken stop, std::chrono::nanoseconds duration) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace cryptostream
