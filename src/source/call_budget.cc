// The count of calls against a plan's limits. The minute is a sliding one on the monotonic clock; the month is UTC's, by the wall
// clock, as the provider bills it. A file that cannot be written does not stop the poller: the count goes on in memory and that
// is said once.
#include "source/call_budget.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "market/json.h"

namespace cryptostream {
namespace {

using std::chrono::milliseconds;

std::chrono::year_month MonthOf(Timestamp time) {
  std::chrono::year_month_day day{DateOf(time)};
  return day.year() / day.month();
}

std::string MonthText(std::chrono::year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()), static_cast<unsigned>(month.month()));
}

// The count in a state file's text when it belongs to this plan and month; nullopt when it is of another or unreadable.
std::optional<std::int64_t> CountIn(const std::string& text, std::string_view plan, std::string_view month) {
  namespace od = simdjson::ondemand;
  od::parser parser;
  simdjson::padded_string padded(text);
  od::document document;
  od::object object;
  std::string_view plan_found, month_found;
  std::int64_t calls = -1;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) return std::nullopt;
  auto error = VisitFields(object, [&](std::string_view key, od::value value) {
    if (key == "plan") return value.get_string().get(plan_found);
    if (key == "month") return value.get_string().get(month_found);
    return key == "calls" ? value.get_int64().get(calls) : simdjson::SUCCESS;
  });
  if (error || calls < 0) return std::nullopt;
  if (plan_found != plan || month_found != month) return std::nullopt;
  return calls;
}

}  // namespace

CallBudget::CallBudget(std::string plan, BudgetLimits limits, std::filesystem::path state_file, const Clock& clock)
    : plan_(std::move(plan)),
      limits_(limits),
      state_file_(std::move(state_file)),
      clock_(clock),
      held_until_(clock.Steady()),
      month_(MonthOf(clock.Now())) {
  Load();
}

void CallBudget::Load() {
  constexpr std::uintmax_t kMostBytes = 64 * 1024;
  if (!limits_.calls_per_month || state_file_.empty()) return;
  auto text = ReadFile(state_file_, kMostBytes);
  if (!text) {
    if (text.error().kind != ErrorKind::kNotFound) LogWarn("call count unreadable, counting from 0: {}", text.error().message);
    return;
  }
  used_ = CountIn(*text, plan_, MonthText(month_)).value_or(0);
}

void CallBudget::Store() {
  if (!limits_.calls_per_month || state_file_.empty()) return;
  auto text = fmt::format(R"({{"format":1,"plan":"{}","month":"{}","calls":{}}})", plan_, MonthText(month_), used_);
  auto made = MakeDirsDurable(state_file_.parent_path());
  auto stored = made ? WriteFileDurable(state_file_, text + "\n") : made;
  if (!stored && !store_failed_) LogWarn("call count not kept, it goes on in memory: {}", stored.error().message);
  store_failed_ = !stored;
}

void CallBudget::RollMonth() {
  auto now = MonthOf(clock_.Now());
  if (now == month_) return;
  month_ = now;
  used_ = 0;
}

CallBudget::Turn CallBudget::Take() {
  constexpr std::chrono::minutes kMinute{1};
  std::lock_guard lock(mutex_);
  RollMonth();
  auto now = clock_.Steady();
  if (now < held_until_) return {std::chrono::ceil<milliseconds>(held_until_ - now), Limit::kHeld};
  if (limits_.calls_per_month && used_ >= *limits_.calls_per_month) {
    return {std::chrono::ceil<milliseconds>(month_end() - clock_.Now()), Limit::kMonth};
  }
  while (!recent_.empty() && now - recent_.front() >= kMinute) recent_.pop_front();
  if (static_cast<int>(recent_.size()) >= limits_.calls_per_minute) {
    return {std::chrono::ceil<milliseconds>(recent_.front() + kMinute - now), Limit::kMinute};
  }
  recent_.push_back(now);
  ++used_;
  Store();
  if (limits_.calls_per_month) {
    SetGauge("cryptostream_source_quota_remaining", "calls left this month in the provider's plan", {{"source", "coingecko"}},
             static_cast<double>(*limits_.calls_per_month - used_));
  }
  return {};
}

void CallBudget::GiveBack() {
  std::lock_guard lock(mutex_);
  if (used_ == 0) return;
  --used_;
  Store();
}

void CallBudget::Hold(milliseconds wait) {
  std::lock_guard lock(mutex_);
  held_until_ = std::max(held_until_, clock_.Steady() + wait);
}

std::optional<std::int64_t> CallBudget::left_this_month() const {
  std::lock_guard lock(mutex_);
  if (!limits_.calls_per_month) return std::nullopt;
  std::int64_t used = MonthOf(clock_.Now()) == month_ ? used_ : 0;
  return std::max<std::int64_t>(0, *limits_.calls_per_month - used);
}

Timestamp CallBudget::month_end() const {
  auto next = MonthOf(clock_.Now()) + std::chrono::months(1);
  return Timestamp(std::chrono::sys_days(next / std::chrono::day(1)));
}

milliseconds CallBudget::EvenSpacing(std::optional<Timestamp> until) const {
  auto left = left_this_month();
  if (!left) return milliseconds(0);
  Timestamp end = until.value_or(month_end());
  auto span = std::max(std::chrono::ceil<milliseconds>(end - clock_.Now()), milliseconds(0));
  return span / std::max<std::int64_t>(*left, 1);
}

}  // namespace cryptostream
