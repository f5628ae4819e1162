// The second reading of numbers and times. In: text. Out: the value that the rules give it. Where the engine counts with digits, this
// moves the point in the text; where it asks std::from_chars, this asks strtod; where it uses std::chrono, this counts days itself.
// Rejected: DuckDB's own casts. A DECIMAL has 38 digits, a JSON number comes out of its reader in the shortest form of its double, and it
// takes "24:00:00" for a time: each of them gave alarms on sound lakes.
#include "verify/second_number.h"

#include <fmt/format.h>
#include <locale.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cryptostream {
namespace {

constexpr std::string_view kDigits = "0123456789";

// A number's text in parts. `digits` are those before and after the point in one; the point stands behind the first `point` of them.
struct Taken {
  bool negative = false;
  std::string digits;
  std::int64_t point = 0;
};

std::string_view Span(std::string_view text, std::size_t from) {
  std::size_t end = std::min(text.find_first_not_of(kDigits, from), text.size());
  return text.substr(std::min(from, text.size()), end - std::min(from, text.size()));
}

std::optional<Taken> TakeApart(std::string_view text) {
  // No message is so long that its digits could make up for a greater exponent.
  constexpr std::int64_t kMost = 1'000'000'000;
  Taken out;
  out.negative = text.starts_with('-');
  std::size_t at = out.negative ? 1 : 0;
  std::string_view whole = Span(text, at), part;
  at += whole.size();
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    part = Span(text, at + 1);
    if (part.empty()) return std::nullopt;
    at += 1 + part.size();
  }
  std::int64_t power = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    bool down = text.substr(at + 1).starts_with('-');
    at += down || text.substr(at + 1).starts_with('+') ? 2 : 1;
    std::string_view digits = Span(text, at);
    if (digits.empty()) return std::nullopt;
    for (char digit : digits) power = std::min(power * 10 + (digit - '0'), kMost);
    if (down) power = -power;
    at += digits.size();
  }
  if (at != text.size()) return std::nullopt;
  out.digits.assign(whole).append(part);
  out.point = static_cast<std::int64_t>(whole.size()) + power;
  return out;
}

bool IsZero(const Taken& number) { return number.digits.find_first_not_of('0') == std::string::npos; }

// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a leap day is a year's last; 400 years are
// added, so that none is negative.
std::int64_t DaysTo(int year, int month, int day) {
  constexpr std::int64_t kBefore = 719'468 + 146'097;  // days from March of the year -400 to 1970
  std::int64_t years = year + 400 - (month < 3 ? 1 : 0);
  std::int64_t months = (month + 9) % 12;
  return years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1 - kBefore;
}

int DaysIn(int year, int month) {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// The text as a pattern says: '0' stands for a digit, anything else for one of the characters that it means.
bool Fits(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = text[i];
    bool digit = c >= '0' && c <= '9';
    if (pattern[i] == '0' ? !digit : pattern[i] == 'T' ? c != 'T' && c != 't' && c != ' ' : c != pattern[i]) return false;
  }
  return true;
}

int Value(std::string_view digits) {
  int value = 0;
  for (char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

// Minutes east of UTC of "Z", "+05:45".
std::optional<int> Zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  std::string_view clock = text.substr(1);
  if (clock.size() != 5 || !Fits(clock, "00:00")) return std::nullopt;
  int hours = Value(clock.substr(0, 2)), minutes = Value(clock.substr(3));
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (text.front() == '-' ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

bool IsNumberText(std::string_view text) { return TakeApart(text).has_value(); }

std::optional<double> DoubleOf(std::string_view text) {
  static const locale_t kPlain = ::newlocale(LC_ALL_MASK, "C", nullptr);
  auto number = TakeApart(text);
  if (!number) return std::nullopt;
  double value = ::strtod_l(std::string(text).c_str(), nullptr, kPlain);
  if (!std::isfinite(value) || (value == 0 && !IsZero(*number))) return std::nullopt;
  return value;
}

std::optional<std::int64_t> CutTo(std::string_view text, int places) {
  constexpr std::int64_t kLongest = 19;  // digits of the greatest value
  auto number = TakeApart(text);
  if (!number) return std::nullopt;
  std::size_t zeros = std::min(number->digits.find_first_not_of('0'), number->digits.size());
  std::string digits = number->digits.substr(zeros);
  std::int64_t keep = number->point - static_cast<std::int64_t>(zeros) + places;
  if (digits.empty() || keep <= 0) return 0;
  if (keep > kLongest) return std::nullopt;
  digits.resize(static_cast<std::size_t>(keep), '0');
  std::uint64_t value = ::strtoull(digits.c_str(), nullptr, 10);  // any 19 digits fit
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  auto whole = static_cast<std::int64_t>(value);
  return number->negative ? -whole : whole;
}

std::optional<std::int64_t> MicrosOfTime(std::string_view text) {
  constexpr std::string_view kClock = "0000-00-00T00:00:00";
  if (!Fits(text, kClock)) return std::nullopt;
  int year = Value(text.substr(0, 4)), month = Value(text.substr(5, 2)), day = Value(text.substr(8, 2));
  int hour = Value(text.substr(11, 2)), minute = Value(text.substr(14, 2)), second = Value(text.substr(17, 2));
  if (month < 1 || month > 12 || day < 1 || day > DaysIn(year, month)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  text.remove_prefix(kClock.size());
  std::string fraction;
  if (text.starts_with('.')) {
    fraction = Span(text, 1);
    text.remove_prefix(1 + fraction.size());
  }
  fraction.resize(6, '0');
  auto zone = Zone(text);
  if (!zone) return std::nullopt;
  std::int64_t minutes = (DaysTo(year, month, day) * 24 + hour) * 60 + minute - *zone;
  return (minutes * 60 + second) * 1'000'000 + Value(fraction);
}

std::string TimeText(std::int64_t micros) {
  std::int64_t days = micros / 86'400'000'000, rest = micros % 86'400'000'000;
  int year = 1970, month = 1;
  for (; days >= (DaysIn(year, 2) == 29 ? 366 : 365); ++year) days -= DaysIn(year, 2) == 29 ? 366 : 365;
  for (; days >= DaysIn(year, month); ++month) days -= DaysIn(year, month);
  std::int64_t seconds = rest / 1'000'000, fraction = rest % 1'000'000;
  std::string part = fraction % 1000 == 0 ? fmt::format("{:03}", fraction / 1000) : fmt::format("{:06}", fraction);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z", year, month, days + 1, seconds / 3600, seconds / 60 % 60,
                     seconds % 60, part);
}

}  // namespace cryptostream
