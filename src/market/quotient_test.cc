// The quotient of two exact sums is the exact one rounded once. The judge is a division of whole numbers, digit by digit.
#include "market/quotient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace cryptostream {
namespace {

using Whole = boost::multiprecision::cpp_int;

// A sum of doubles as a whole number of 2^-1200.
constexpr int kUnit = 1200;
Whole Exact(double value) {
  int exponent = 0;
  auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(value, &exponent), 53));
  return Whole(mantissa) << (exponent - 53 + kUnit);
}

// Rounds n / d, both above 0, to 53 bits, half to even.
double NearestByDivision(Whole n, Whole d) {
  int shift = static_cast<int>(msb(d)) - static_cast<int>(msb(n)) + 55;
  (shift > 0 ? n : d) <<= std::abs(shift);
  Whole quotient = n / d, rest = n % d;
  int spare = static_cast<int>(msb(quotient)) + 1 - 53;
  Whole half = Whole(1) << (spare - 1), low = quotient & ((Whole(1) << spare) - 1);
  quotient >>= spare;
  bool up = low > half || (low == half && (rest > 0 || quotient % 2 == 1));
  return std::ldexp(static_cast<double>(static_cast<std::int64_t>(quotient) + (up ? 1 : 0)), spare - shift);
}

TEST(Quotient, KnowsWhatRoundingTwiceGotWrong) {
  ExactSum tenths;
  for (int i = 0; i < 3; ++i) tenths.Add(0.1);
  EXPECT_EQ(Quotient(tenths, 3), 0.1);
  ExactSum turnover, quantity;
  turnover.AddProduct(60000, 0.00123);
  quantity.Add(0.00123);
  EXPECT_EQ(Quotient(turnover, quantity), 60000);
}

TEST(Quotient, RoundsATieToEven) {
  ExactSum odd, even;
  odd.Add(1 + std::ldexp(1, -52)), odd.Add(1 + std::ldexp(2, -52));  // half of it lies between two doubles
  EXPECT_EQ(Quotient(odd, 2), 1 + std::ldexp(2, -52));
  even.Add(1), even.Add(1 + std::ldexp(1, -52));
  EXPECT_EQ(Quotient(even, 2), 1);
}

class Means : public testing::TestWithParam<int> {};

// Prices and quantities over all magnitudes that messages may have, near each other, far apart, and equal.
TEST_P(Means, AreTheExactOnesRoundedOnceAndInRange) {
  std::mt19937_64 random(static_cast<unsigned>(GetParam()));
  std::uniform_real_distribution<double> anywhere(-99, 99), spread(0, GetParam() % 4 == 0   ? 0
                                                                      : GetParam() % 4 == 1 ? 1e-13
                                                                      : GetParam() % 4 == 2 ? 3
                                                                                            : 90);
  for (int round = 0; round < 2000; ++round) {
    double middle = anywhere(random), size = anywhere(random);
    auto near = [&](double exponent) { return std::pow(10, std::clamp(exponent + spread(random), -99.0, 99.0)); };
    std::size_t count = 1 + random() % 40;
    std::vector<double> prices(count), quantities(count);
    for (double& price : prices) price = near(middle);
    for (double& quantity : quantities) quantity = near(size);
    ExactSum sum, turnover, volume;
    Whole all, money, coins;
    for (std::size_t i = 0; i < count; ++i) {
      sum.Add(prices[i]);
      volume.Add(quantities[i]);
      turnover.AddProduct(prices[i], quantities[i]);
      all += Exact(prices[i]);
      coins += Exact(quantities[i]) << kUnit;
      money += Exact(prices[i]) * Exact(quantities[i]);
    }
    auto [low, high] = std::ranges::minmax(prices);
    double mean = Quotient(sum, static_cast<std::int64_t>(count)), weighted = Quotient(turnover, volume);
    ASSERT_EQ(mean, NearestByDivision(all, Whole(count) << kUnit));
    ASSERT_EQ(weighted, NearestByDivision(money, coins));
    ASSERT_TRUE(low <= mean && mean <= high && low <= weighted && weighted <= high);
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Means, testing::Range(0, 8));

}  // namespace
}  // namespace cryptostream
