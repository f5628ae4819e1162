#pragma once

#include <chrono>
#include <condition_variable>
#include <stop_token>

namespace cryptostream {

using StopToken = std::stop_token;
using StopSource = std::stop_source;

// Sleeps for `duration` on the monotonic clock, less when `stop` is requested. Returns false when stopped.
bool SleepFor(StopToken stop, std::chrono::nanoseconds duration);

}  // namespace cryptostream
