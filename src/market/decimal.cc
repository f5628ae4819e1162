// Numbers from their decimal text. Times never pass through a double (1763800000.123457 has no exact one), and a double is
// taken only when it is the nearest one and neither overflows nor silently becomes 0.
#include "market/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace cryptostream {
namespace {

// A JSON number in parts: digits without the point, and the power of ten that they are multiplied with.
struct Parts {
  bool negative = false;
  std::string_view integer, fraction;
  long exponent = 0;
};

std::string_view TakeDigits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Reads an exponent after 'e'. Beyond 1e9 it is clamped: no text is so long that its digits could make up for that.
bool TakeExponent(std::string_view& text, long& exponent) {
  bool negative = Take(text, '-');
  if (!negative) Take(text, '+');
  std::string_view digits = TakeDigits(text);
  if (digits.empty()) return false;
  for (char c : digits) exponent = std::min(exponent * 10 + (c - '0'), 1'000'000'000L);
  if (negative) exponent = -exponent;
  return true;
}

std::optional<Parts> Split(std::string_view text) {
  Parts parts;
  parts.negative = Take(text, '-');
  parts.integer = TakeDigits(text);
  if (parts.integer.empty() || (parts.integer.size() > 1 && parts.integer[0] == '0')) return std::nullopt;
  if (Take(text, '.')) {
    parts.fraction = TakeDigits(text);
    if (parts.fraction.empty()) return std::nullopt;
  }
  if ((Take(text, 'e') || Take(text, 'E')) && !TakeExponent(text, parts.exponent)) return std::nullopt;
  if (!text.empty()) return std::nullopt;
  return parts;
}

// The usual number: up to 18 digits in all, perhaps a point, nothing else. Its digits, and how many of them stand behind the point.
struct ShortDecimal {
  std::int64_t digits = 0;
  int behind = 0;
};

std::optional<ShortDecimal> TakeShort(std::string_view text) {
  if (text.empty() || text.size() > 19 || (text[0] == '0' && text.size() > 1 && text[1] != '.')) return std::nullopt;
  ShortDecimal out;
  std::size_t point = text.size(), count = 0;
  std::uint64_t digits = 0;  // room for the 19 that may be seen here
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && point == text.size() && i > 0) {
      point = i;
    } else if (text[i] >= '0' && text[i] <= '9') {
      digits = digits * 10 + static_cast<std::uint64_t>(text[i] - '0');
      ++count;
    } else {
      return std::nullopt;
    }
  }
  if (count > 18 || point + 1 == text.size()) return std::nullopt;
  out.digits = static_cast<std::int64_t>(digits);
  if (point < text.size()) out.behind = static_cast<int>(text.size() - point - 1);
  return out;
}

constexpr std::array<std::int64_t, 19> kPowersOf10 = [] {
  std::array<std::int64_t, 19> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// digits * 10^(scale - behind), cut; nullopt when the general way has to look.
std::optional<std::int64_t> Scaled(const ShortDecimal& number, int scale) {
  int more = scale - number.behind;
  if (more <= 0)
    return -more < static_cast<int>(kPowersOf10.size()) ? std::optional(number.digits / kPowersOf10[-more]) : std::nullopt;
  std::int64_t value = 0;
  if (more >= static_cast<int>(kPowersOf10.size()) || __builtin_mul_overflow(number.digits, kPowersOf10[more], &value))
    return std::nullopt;
  return value;
}

bool AllZero(std::string_view digits) { return digits.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsJsonNumber(std::string_view text) { return Split(text).has_value(); }

std::optional<std::int64_t> ScaledDecimal(std::string_view text, int scale) {
  if (auto usual = TakeShort(text)) {
    if (auto value = Scaled(*usual, scale)) return value;
  }
  auto parts = Split(text);
  if (!parts) return std::nullopt;
  if (AllZero(parts->integer) && AllZero(parts->fraction)) return 0;
  // Number of digits of integer+fraction that stand before the point after scaling.
  long keep = static_cast<long>(parts->integer.size()) + parts->exponent + scale;
  long total = static_cast<long>(parts->integer.size() + parts->fraction.size());
  std::int64_t value = 0;
  for (long i = 0; i < keep; ++i) {
    if (i >= total && value == 0) return 0;
    int digit = 0;
    if (i < total) {
      auto at = static_cast<std::size_t>(i);
      digit = (at < parts->integer.size() ? parts->integer[at] : parts->fraction[at - parts->integer.size()]) - '0';
    }
    if (__builtin_mul_overflow(value, std::int64_t{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, std::int64_t{digit}, &value)) return std::nullopt;
  }
  return parts->negative ? -value : value;
}

std::optional<double> NearestDouble(std::string_view text) {
  auto parts = Split(text);
  if (!parts) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  if (value == 0 && !(AllZero(parts->integer) && AllZero(parts->fraction))) return std::nullopt;
  return value;
}

}  // namespace cryptostream
