// The count of calls against a plan's limits. The minute is a sliding one on the monotonic clock; the month is UTC's, by the wall
// clock, as the provider bills it. A count that was damaged is not believed, and that is said. A file that cannot be written does not stop the poller: the count goes on in memory and that
// is said once.
#include "source/call_budget.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

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

constexpr std::chrono::minutes kMinute{1};

// What a state file holds. Its checksum is over what it says, not over its bytes: a person may lay it out as he likes.
struct Count {
  std::string plan, month;
  std::int64_t calls = 0;

  std::string Text() const { return fmt::format(R"("plan":"{}","month":"{}","calls":{})", plan, month, calls); }
  std::string Checksum() const {
    std::string text = Text();
    auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
    return fmt::format("{:08x}", static_cast<std::uint32_t>(sum));
  }
};

// What a state file's text says; an error in words when it is damaged. A file of format 1, as older versions wrote it, has no checksum.
std::expected<Count, std::string> ReadCount(const std::string& text) {
  namespace od = simdjson::ondemand;
  od::parser parser;
  simdjson::padded_string padded(text);
  od::document document;
  od::object object;
  Count count;
  std::string checksum;
  std::int64_t calls = -1, format = 0;
  if (parser.iterate(padded).get(document) || document.get_object().get(object)) return std::unexpected("not a JSON object");
  auto error = VisitFields(object, [&](std::string_view key, od::value value) {
    if (key == "format") return value.get_int64().get(format);
    if (key == "plan") return value.get_string(count.plan);
    if (key == "month") return value.get_string(count.month);
    if (key == "check") return value.get_string(checksum);
    return key == "calls" ? value.get_int64().get(calls) : simdjson::SUCCESS;
  });
  if (error) return std::unexpected(simdjson::error_message(error));
  count.calls = calls;
  if (calls < 0) return std::unexpected("no count of calls");
  if (format != 1 && format != 2) return std::unexpected(fmt::format("format={}", format));
  if ((format == 2 || !checksum.empty()) && checksum != count.Checksum()) return std::unexpected("its checksum does not fit");
  return count;
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
  auto count = ReadCount(*text);
  if (!count) {
    LogWarn("call count damaged, counting from 0: file={} reason={} (what the plan has used this month is then not known here)",
            state_file_.string(), count.error());
  } else if (count->plan == plan_ && count->month == MonthText(month_)) {
    used_ = count->calls;
  }
}

void CallBudget::Store() {
  if (!limits_.calls_per_month || state_file_.empty()) return;
  Count count{plan_, MonthText(month_), used_};
  auto text = fmt::format(R"({{"format":2,{},"check":"{}"}})", count.Text(), count.Checksum());
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

void CallBudget::Reserve(milliseconds spacing) {
  std::lock_guard lock(mutex_);
  // A minute that slides over polls at that spacing holds one more than it has spacings.
  reserved_per_minute_ = static_cast<int>(kMinute / std::max(spacing, milliseconds(1))) + 1;
}

// How long until the minute has a call for this caller; nullopt: now.
std::optional<milliseconds> CallBudget::MinuteWait(Caller caller, std::chrono::steady_clock::time_point now) {
  while (!recent_.empty() && now - recent_.front().at >= kMinute) recent_.pop_front();
  auto until = [&](const Call& oldest) { return std::chrono::ceil<milliseconds>(oldest.at + kMinute - now); };
  if (static_cast<int>(recent_.size()) >= limits_.calls_per_minute) return until(recent_.front());
  if (caller == Caller::kLive || reserved_per_minute_ == 0) return std::nullopt;
  auto is_history = [](const Call& call) { return call.caller == Caller::kHistory; };
  auto allowed = std::max(1, limits_.calls_per_minute - reserved_per_minute_);
  if (std::ranges::count_if(recent_, is_history) < allowed) return std::nullopt;
  return until(*std::ranges::find_if(recent_, is_history));
}

CallBudget::Turn CallBudget::Take(Caller caller) {
  std::lock_guard lock(mutex_);
  RollMonth();
  auto now = clock_.Steady();
  if (now < held_until_) return {std::chrono::ceil<milliseconds>(held_until_ - now), Limit::kHeld};
  if (limits_.calls_per_month && used_ >= *limits_.calls_per_month) {
    return {std::chrono::ceil<milliseconds>(month_end() - clock_.Now()), Limit::kMonth};
  }
  if (auto wait = MinuteWait(caller, now)) return {*wait, Limit::kMinute};
  recent_.push_back({now, caller});
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
