#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cryptostream {

// A point of event or wall time: microseconds since 1970-01-01T00:00:00Z, the resolution of the tables.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Date = std::chrono::sys_days;

inline std::int64_t ToMicros(Timestamp t) { return t.time_since_epoch().count(); }
inline Timestamp FromMicros(std::int64_t us) { return Timestamp(std::chrono::microseconds(us)); }
inline Date DateOf(Timestamp t) { return std::chrono::floor<std::chrono::days>(t); }

// "2024-08-08T23:54:13.937085Z"; whole milliseconds print three digits, so that JavaScript's own form comes back.
std::string FormatRfc3339(Timestamp t);
// "2024-08-08".
std::string FormatDate(Date date);
// Parses RFC 3339 with `Z` or an offset; fractions beyond microseconds are cut. Errors: Invalid.
Result<Timestamp> ParseRfc3339(std::string_view text);
// Parses "250ms", "30s", "5m", "6h", "2d". Errors: Invalid.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
// "30s", "1m30s", "2h": for messages to people.
std::string FormatDuration(std::chrono::milliseconds duration);

// Where time comes from. Two live side by side: the machine's, and one that tests turn by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp Now() const = 0;                                 // wall time, may step
  virtual std::chrono::steady_clock::time_point Steady() const = 0;  // for time-outs, never steps
};

class SystemClock final : public Clock {
 public:
  Timestamp Now() const override { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }
  std::chrono::steady_clock::time_point Steady() const override { return std::chrono::steady_clock::now(); }
};

// Thread-safe clock that stands still until advanced.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start) : now_(start) {}
  Timestamp Now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  std::chrono::steady_clock::time_point Steady() const override {
    std::lock_guard lock(mutex_);
    return steady_;
  }
  void Advance(std::chrono::microseconds by) {
    std::lock_guard lock(mutex_);
    now_ += by;
    steady_ += by;
  }

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
  std::chrono::steady_clock::time_point steady_{};
};

}  // namespace cryptostream
