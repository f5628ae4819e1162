// The spacing of polls. In: the plan's budget and how the provider reacts. Out: a duration. Doubles with each 429 up to five
// minutes' spacing and halves again after twenty good answers in a row, so that it settles just below the real limit.
#include "source/poll_pace.h"

#include <fmt/format.h>

#include <algorithm>

namespace cryptostream {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kDefaultPace{15'000};
constexpr milliseconds kWidestPace{300'000};

}  // namespace

void PollPace::OnLimited() {
  good_in_a_row_ = 0;
  widening_ = std::min(widening_ * 2, 64);
}

void PollPace::OnGood() {
  constexpr int kCalm = 20;
  if (widening_ == 1 || ++good_in_a_row_ < kCalm) return;
  good_in_a_row_ = 0;
  widening_ /= 2;
}

milliseconds PollPace::Spacing() const {
  const auto& options = client_.options();
  auto& budget = client_.budget();
  milliseconds base = kDefaultPace;
  if (options.pace) {
    base = *options.pace;
  } else if (options.run_out && Timestamp(*options.run_out) > client_.clock().Now()) {
    base = budget.EvenSpacing(Timestamp(*options.run_out));
  } else {
    base = std::max(kDefaultPace, budget.EvenSpacing());
  }
  milliseconds least = std::chrono::minutes(1) / std::max(budget.limits().calls_per_minute, 1);
  base = std::max({base, least, milliseconds(1'000)});
  return widening_ == 1 ? base : std::clamp(base * widening_, base, std::max(base, kWidestPace));
}

std::string PollPace::Words() const {
  auto& budget = client_.budget();
  auto left = budget.left_this_month();
  std::string each = FormatDuration(Spacing());
  if (!left) return fmt::format("one call per {}, no monthly limit", each);
  std::string words = fmt::format("{} calls a month = one per {}, {} left until {}", *budget.limits().calls_per_month, each,
                                  *left, FormatDate(DateOf(budget.month_end())));
  auto lasts = Spacing() * (*left + 1);
  if (client_.clock().Now() + lasts < budget.month_end()) {
    words += fmt::format(" (used up on {} at this pace)", FormatDate(DateOf(client_.clock().Now() + lasts)));
  }
  return words;
}

}  // namespace cryptostream
