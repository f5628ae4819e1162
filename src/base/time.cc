// Text forms of time. Written here rather than with std::chrono::parse or std::format, which g++ 12 does not have.
#include "base/time.h"

#include <array>
#include <cstdio>
#include <optional>

namespace cryptostream {
namespace {

// Reads exactly `digits` decimal digits at `pos` and moves it; nullopt when they are not there.
std::optional<int> TakeDigits(std::string_view text, std::size_t& pos, int digits) {
  if (pos + digits > text.size()) return std::nullopt;
  int value = 0;
  for (int i = 0; i < digits; ++i) {
    char c = text[pos + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  pos += digits;
  return value;
}

bool TakeChar(std::string_view text, std::size_t& pos, std::string_view any_of) {
  if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
  ++pos;
  return true;
}

std::int64_t TakeFractionMicros(std::string_view text, std::size_t& pos) {
  std::int64_t micros = 0, unit = 100000;
  while (pos < text.size() && text[pos] >= '0' && text[pos] <= '9') {
    micros += (text[pos++] - '0') * unit;
    unit /= 10;
  }
  return micros;
}

// "Z", "+05:45" -> minutes east of UTC.
std::optional<int> TakeOffsetMinutes(std::string_view text, std::size_t& pos) {
  if (TakeChar(text, pos, "Zz")) return 0;
  if (pos >= text.size()) return std::nullopt;
  int sign = text[pos] == '-' ? -1 : 1;
  if (!TakeChar(text, pos, "+-")) return std::nullopt;
  auto hours = TakeDigits(text, pos, 2);
  bool colon = TakeChar(text, pos, ":");
  auto minutes = TakeDigits(text, pos, 2);
  if (!hours || !colon || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::string FormatDate(Date date) {
  std::chrono::year_month_day ymd(date);
  std::array<char, 32> buffer;
  int n =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u", int(ymd.year()), unsigned(ymd.month()), unsigned(ymd.day()));
  return std::string(buffer.data(), n);
}

std::string FormatRfc3339(Timestamp t) {
  Date date = DateOf(t);
  std::chrono::hh_mm_ss<std::chrono::microseconds> time(t - date);
  long micros = time.subseconds().count();
  std::array<char, 64> buffer;
  int h = int(time.hours().count()), m = int(time.minutes().count()), s = int(time.seconds().count());
  int n = micros % 1000 == 0 ? std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d.%03ldZ", h, m, s, micros / 1000)
                             : std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d.%06ldZ", h, m, s, micros);
  return FormatDate(date) + std::string(buffer.data(), n);
}

Result<Timestamp> ParseRfc3339(std::string_view text) {
  auto bad = [&] { return Invalid("not an RFC 3339 time: value=" + std::string(text.substr(0, 64))); };
  std::size_t pos = 0;
  auto year = TakeDigits(text, pos, 4);
  if (!year || !TakeChar(text, pos, "-")) return bad();
  auto month = TakeDigits(text, pos, 2);
  if (!month || !TakeChar(text, pos, "-")) return bad();
  auto day = TakeDigits(text, pos, 2);
  if (!day || !TakeChar(text, pos, "Tt ")) return bad();
  auto hour = TakeDigits(text, pos, 2);
  if (!hour || !TakeChar(text, pos, ":")) return bad();
  auto minute = TakeDigits(text, pos, 2);
  if (!minute || !TakeChar(text, pos, ":")) return bad();
  auto second = TakeDigits(text, pos, 2);
  if (!second) return bad();
  std::int64_t micros = TakeChar(text, pos, ".") ? TakeFractionMicros(text, pos) : 0;
  auto offset = TakeOffsetMinutes(text, pos);
  if (!offset || pos != text.size()) return bad();
  std::chrono::year_month_day ymd{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                  std::chrono::day(static_cast<unsigned>(*day))};
  if (!ymd.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad();
  return Timestamp(std::chrono::sys_days(ymd)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute - *offset) +
         std::chrono::seconds(*second) + std::chrono::microseconds(micros);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  auto bad = [&] {
    return Invalid("not a duration: value=" + std::string(text.substr(0, 64)) + " (write it as 250ms, 30s, 5m, 6h or 2d)");
  };
  constexpr std::int64_t kMostMs = 3'200'000'000'000;  // a hundred years
  std::int64_t value = 0;
  std::size_t pos = 0;
  for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos) {
    value = value * 10 + (text[pos] - '0');
    if (value > kMostMs) return bad();
  }
  if (pos == 0) return bad();
  std::string_view unit = text.substr(pos);
  std::int64_t ms_per_unit = unit == "ms"  ? 1
                             : unit == "s" ? 1000
                             : unit == "m" ? 60'000
                             : unit == "h" ? 3'600'000
                             : unit == "d" ? 86'400'000
                                           : 0;
  if (ms_per_unit == 0 || value > kMostMs / ms_per_unit) return bad();
  return std::chrono::milliseconds(value * ms_per_unit);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  std::int64_t ms = duration.count();
  if (ms < 0) return "-" + FormatDuration(-duration);
  if (ms < 1000) return std::to_string(ms) + "ms";
  std::int64_t s = ms / 1000;
  if (s < 60) return ms % 1000 == 0 ? std::to_string(s) + "s" : std::to_string(s) + "." + std::to_string(ms % 1000 / 100) + "s";
  auto join = [](std::int64_t big, const char* unit, std::int64_t small, const char* small_unit) {
    return std::to_string(big) + unit + (small ? std::to_string(small) + small_unit : "");
  };
  if (s < 3600) return join(s / 60, "m", s % 60, "s");
  if (s < 86400) return join(s / 3600, "h", s % 3600 / 60, "m");
  return join(s / 86400, "d", s % 86400 / 3600, "h");
}

}  // namespace cryptostream
