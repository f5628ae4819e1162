// Verification's own division: the exact quotient rounded once, held against multiplication in wide whole numbers.
#include "verify/nearest_quotient.h"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <random>

namespace cryptostream {
namespace {

using Whole = boost::multiprecision::cpp_int;

std::optional<double> Divide(const std::string& high, const std::string& middle, const std::string& low,
                             const std::string& divisor, int exponent = 0) {
  return NearestQuotient({high, middle, low, divisor, exponent});
}

TEST(NearestQuotient, OfSmallNumbers) {
  EXPECT_EQ(Divide("0", "0", "1", "3"), 1.0 / 3);
  EXPECT_EQ(Divide("0", "0", "0", "7"), 0);
  EXPECT_EQ(Divide("0", "1", "0", "1"), std::ldexp(1, 45));
  EXPECT_EQ(Divide("1", "0", "0", "1", -90), 1);
  EXPECT_EQ(Divide("0", "0", "5", "2", 3), 20);
}

TEST(NearestQuotient, TiesGoToEven) {
  std::string odd = std::to_string((std::uint64_t{1} << 54) + 2), even = std::to_string((std::uint64_t{1} << 54) + 6);
  EXPECT_EQ(Divide("0", "0", odd, "4"), std::ldexp(1, 52));  // half way between two whole numbers
  EXPECT_EQ(Divide("0", "0", even, "4"), std::ldexp(1, 52) + 2);
}

TEST(NearestQuotient, IsNothingWhereThereIsNone) {
  EXPECT_EQ(Divide("0", "0", "1", "0"), std::nullopt);
  EXPECT_EQ(Divide("0", "0", "-1", "1"), std::nullopt);
  EXPECT_EQ(Divide("0", "0", "", "1"), std::nullopt);
  EXPECT_EQ(Divide("0", "0", "170141183460469231731687303715884105728", "1"), std::nullopt);  // 2^127
}

// |n / d - q| is at most half of the distance to the next double: no double is nearer.
TEST(NearestQuotient, NoDoubleIsNearer) {
  std::mt19937_64 random(5);
  auto wide = [&](int bits) -> Whole {
    Whole value = (Whole(random()) << 64) + random();
    return value >> (128 - 1 - static_cast<int>(random() % static_cast<unsigned>(bits)));
  };
  for (int i = 0; i < 20'000; ++i) {
    Whole high = wide(126), middle = wide(126), low = wide(126), divisor = wide(126) + 1;
    Whole n = (high << 90) + (middle << 45) + low;
    auto q = Divide(high.str(), middle.str(), low.str(), divisor.str());
    ASSERT_TRUE(q);
    int exponent = 0;
    auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(*q, &exponent), 53));
    // In units of 2^-201: twice the error beside one unit of the mantissa.
    Whole unit = Whole(1) << (exponent - 53 + 200);
    Whole error = (n << 200) - Whole(mantissa) * unit * divisor;
    Whole twice = 2 * abs(error), most = unit * divisor;
    ASSERT_LE(twice, most) << n << " / " << divisor;
  }
}

}  // namespace
}  // namespace cryptostream
