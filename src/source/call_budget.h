#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

namespace cryptostream {

struct BudgetLimits {
  int calls_per_minute = 10;
  std::optional<std::int64_t> calls_per_month;  // nullopt: no such limit
};

// Calls that a provider's plan allows, shared by everything that calls it. Live polls come first: who asks for history gets the calls of a
// minute that they leave, one at least. The month's count is kept in a small file, written before the call it counts, with a checksum: a
// crash can only count one too many. Losing the file loses no data, only the memory of what was used. Thread-safe.
class CallBudget {
 public:
  enum class Limit { kNone, kMinute, kMonth, kHeld };
  enum class Caller { kLive, kHistory };
  // Leave to make one call (wait is 0), or how long to wait before asking again, and for what.
  struct Turn {
    std::chrono::milliseconds wait{0};
    Limit limit = Limit::kNone;
  };

  // In: the plan's name (a count under another plan does not count); where the count is kept, empty: nowhere.
  CallBudget(std::string plan, BudgetLimits limits, std::filesystem::path state_file, const Clock& clock);

  // Takes one call out of the budget if one is free now.
  Turn Take(Caller caller = Caller::kLive);
  // Keeps so many calls free that a live poll each `spacing` never waits for history.
  void Reserve(std::chrono::milliseconds spacing);
  // Returns the call just taken to the month: it never reached the provider.
  void GiveBack();
  // Lets nobody call for `wait`: the provider said so to one of them.
  void Hold(std::chrono::milliseconds wait);
  // Calls left this month (UTC); nullopt without a monthly limit.
  std::optional<std::int64_t> left_this_month() const;
  // The spacing that makes what is left last until `until` (default: the month's end); 0 without a monthly limit.
  std::chrono::milliseconds EvenSpacing(std::optional<Timestamp> until = std::nullopt) const;
  Timestamp month_end() const;
  const BudgetLimits& limits() const { return limits_; }

 private:
  void Load();
  void Store();
  void RollMonth();
  std::optional<std::chrono::milliseconds> MinuteWait(Caller caller, std::chrono::steady_clock::time_point now);

  struct Call {
    std::chrono::steady_clock::time_point at;
    Caller caller;
  };

  const std::string plan_;
  const BudgetLimits limits_;
  const std::filesystem::path state_file_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<Call> recent_;      // calls of the last minute
  int reserved_per_minute_ = 0;  // of them for live polls
  std::chrono::steady_clock::time_point held_until_;
  std::chrono::year_month month_{};
  std::int64_t used_ = 0;
  bool store_failed_ = false;
};

}  // namespace cryptostream
