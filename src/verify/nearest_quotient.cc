// The quotient of two whole numbers as a double, rounded once. It is what verification holds against the engine's means, and has nothing of
// theirs (market/quotient.h: sums of doubles, guess and correction): the numbers are whole, the division is the one of school, bit by bit.
#include "verify/nearest_quotient.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <variant>

namespace cryptostream {
namespace {

__extension__ using Wide = unsigned __int128;

std::optional<Wide> WideOf(std::string_view digits) {
  constexpr std::size_t kMostDigits = 39;
  Wide value = 0;
  if (digits.empty() || digits.size() > kMostDigits) return std::nullopt;
  for (char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  if (value >> 127 != 0) return std::nullopt;
  return value;
}

// A number of 256 bits, the lowest first.
struct Long {
  std::array<std::uint64_t, 4> limbs{};

  void AddShifted(Wide value, unsigned shift) {
    for (unsigned bit = 0; bit < 128; bit += 32) {  // 32 bits at a time: a part never spans more than two limbs
      std::uint64_t part = static_cast<std::uint64_t>(value >> bit) & 0xffffffff;
      unsigned at = shift + bit, limb = at / 64;
      Wide spread = static_cast<Wide>(part) << (at % 64);
      Add(static_cast<std::uint64_t>(spread), limb);
      Add(static_cast<std::uint64_t>(spread >> 64), limb + 1);
    }
  }
  bool Bit(unsigned at) const { return (limbs[at / 64] >> (at % 64) & 1) != 0; }
  unsigned Width() const {
    for (unsigned i = 4; i-- > 0;) {
      if (limbs[i] != 0) return i * 64 + static_cast<unsigned>(std::bit_width(limbs[i]));
    }
    return 0;
  }

 private:
  void Add(std::uint64_t part, unsigned limb) {
    for (; part != 0 && limb < limbs.size(); ++limb) {
      limbs[limb] += part;
      part = limbs[limb] < part ? 1 : 0;
    }
  }
};

// quotient * 2^exponent, of which `rest` tells whether something is missing below the last bit.
double Rounded(std::uint64_t quotient, bool rest, int exponent) {
  constexpr int kMantissa = std::numeric_limits<double>::digits;
  int spare = static_cast<int>(std::bit_width(quotient)) - kMantissa;
  if (spare <= 0) return std::ldexp(static_cast<double>(quotient), exponent);
  std::uint64_t half = std::uint64_t{1} << (spare - 1), below = quotient & (2 * half - 1);
  quotient >>= spare;
  if (below > half || (below == half && (rest || quotient % 2 == 1))) ++quotient;
  return std::ldexp(static_cast<double>(quotient), exponent + spare);
}

}  // namespace

std::optional<double> NearestQuotient(const QuotientParts& parts) {
  constexpr std::uint64_t kLong = std::uint64_t{1} << 59;  // more bits than a double has: what is below only decides ties
  auto high = WideOf(parts.high), middle = WideOf(parts.middle), low = WideOf(parts.low), divisor = WideOf(parts.divisor);
  if (!high || !middle || !low || !divisor || *divisor == 0) return std::nullopt;
  Long dividend;
  dividend.AddShifted(*high, 90);
  dividend.AddShifted(*middle, 45);
  dividend.AddShifted(*low, 0);
  std::uint64_t quotient = 0;
  Wide rest = 0;
  bool more = false;
  int last = 0;  // the place of the quotient's last bit
  // Bit by bit from the top; behind the last one zeros follow until the quotient is long enough.
  for (int at = static_cast<int>(dividend.Width()); at > 0 || (quotient < kLong && rest != 0);) {
    --at;
    rest = rest << 1 | (at >= 0 && dividend.Bit(static_cast<unsigned>(at)) ? 1 : 0);
    bool one = rest >= *divisor;
    if (one) rest -= *divisor;
    if (quotient >= kLong) {
      more = more || one;
      continue;
    }
    quotient = quotient << 1 | (one ? 1 : 0);
    last = at;
  }
  return Rounded(quotient, more || rest != 0, last + parts.exponent);
}

namespace {

void CallQuotient(const std::vector<SqlValue>& arguments, std::vector<SqlValue>& out) {
  QuotientParts parts;
  std::string_view* const texts[] = {&parts.high, &parts.middle, &parts.low, &parts.divisor};
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    const auto* text = std::get_if<std::string>(&arguments[i]);
    if (text == nullptr) return;
    *texts[i] = *text;
  }
  const auto* exponent = std::get_if<std::int64_t>(&arguments[std::size(texts)]);
  if (exponent == nullptr) return;
  parts.exponent = static_cast<int>(*exponent);
  if (auto value = NearestQuotient(parts)) out[0] = *value;
}

}  // namespace

const SqlFunction& QuotientFunction() {
  static const SqlFunction function{
      "nearest_quotient",
      {{"high", "VARCHAR"}, {"middle", "VARCHAR"}, {"low", "VARCHAR"}, {"divisor", "VARCHAR"}, {"exponent", "BIGINT"}},
      {{"value", "DOUBLE"}},
      CallQuotient};
  return function;
}

}  // namespace cryptostream
