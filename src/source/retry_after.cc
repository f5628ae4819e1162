// When to come back. In: an answer's headers. Out: durations, bounded, because a header is a stranger's word: a date in the past,
// a negative number or a year must neither make a storm nor stop the source for good.
#include "source/retry_after.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace cryptostream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// "Thu, 08 Aug 2024 23:54:13 GMT", the one form that HTTP still allows to be sent.
std::optional<Timestamp> HttpDate(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  auto month = std::ranges::find(kMonths, text.substr(8, 3));
  auto day = IntegerOf<long>(text.substr(5, 2)), year = IntegerOf<long>(text.substr(12, 4));
  auto hour = IntegerOf<long>(text.substr(17, 2)), minute = IntegerOf<long>(text.substr(20, 2)),
       second = IntegerOf<long>(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                   std::chrono::month(static_cast<unsigned>(month - kMonths.begin() + 1)),
                                   std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

// The value of `name=` in a Cache-Control header.
std::optional<long> Directive(std::string_view header, std::string_view name) {
  auto pos = header.find(name);
  if (pos == std::string_view::npos) return std::nullopt;
  header.remove_prefix(pos + name.size());
  return IntegerOf<long>(header.substr(0, header.find_first_not_of("0123456789")));
}

}  // namespace

std::optional<milliseconds> RetryAfter(const HttpAnswer& answer, Timestamp now, milliseconds cap) {
  auto header = answer.Header("Retry-After");
  if (!header) return std::nullopt;
  milliseconds wait{0};
  if (auto count = IntegerOf<long>(*header)) {
    wait = seconds(std::clamp(*count, 0L, 1'000'000'000L));
  } else if (auto date = HttpDate(*header)) {
    wait = std::chrono::ceil<milliseconds>(*date - now);
  }
  if (wait <= milliseconds(0)) return std::nullopt;
  return std::min(wait, cap);
}

milliseconds CacheLifetime(const HttpAnswer& answer) {
  constexpr seconds kMost{600};
  auto control = answer.Header("Cache-Control");
  auto max_age = control ? Directive(*control, "max-age=") : std::nullopt;
  if (!max_age) return milliseconds(0);
  long age = IntegerOf<long>(answer.Header("Age").value_or("0")).value_or(0);
  seconds left{std::clamp(*max_age, 0L, 1'000'000L) - std::clamp(age, 0L, 1'000'000L)};
  return std::clamp(left, seconds(0), kMost);
}

milliseconds Backoff::Next() {
  milliseconds wait = next_;
  next_ = std::min(next_ * 2, most_);
  std::uniform_int_distribution<milliseconds::rep> part(wait.count() / 2, wait.count());
  return milliseconds(part(random_));
}

}  // namespace cryptostream
