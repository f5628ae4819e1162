// Exact sums: the result is the exact value rounded once, whatever the order.
#include "market/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace cryptostream {
namespace {

TEST(ExactSum, KeepsWhatPlainAdditionLoses) {
  ExactSum sum;
  for (double value : {1e100, 1.0, -1e100}) sum.Add(value);
  EXPECT_EQ(sum.Round(), 1.0);
  ExactSum tenths;
  for (int i = 0; i < 10; ++i) tenths.Add(0.1);
  EXPECT_EQ(tenths.Round(), 1.0);
}

TEST(ExactSum, RoundsHalfWayCasesByTheRest) {
  ExactSum sum;  // 1 + 2^-53 is half way; the tiny rest decides
  for (double value : {1.0, std::ldexp(1, -53), 1e-200}) sum.Add(value);
  EXPECT_EQ(sum.Round(), 1.0 + std::ldexp(1, -52));
  ExactSum even;
  for (double value : {1.0, std::ldexp(1, -53)}) even.Add(value);
  EXPECT_EQ(even.Round(), 1.0);
}

TEST(ExactSum, DoesNotDependOnTheOrder) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> prices(5, 12);
  std::vector<double> values(400);
  for (double& value : values) value = prices(random);
  ExactSum first, first_squares;
  for (double value : values) first.Add(value), first_squares.AddProduct(value, value);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    ExactSum sum, squares;
    for (double value : values) sum.Add(value), squares.AddProduct(value, value);
    EXPECT_EQ(sum.Round(), first.Round());
    EXPECT_EQ(PopulationVariance(400, sum, squares), PopulationVariance(400, first, first_squares));
  }
}

TEST(ExactSum, AgreesWithWideIntegers) {
  // Integers below 2^53 sum exactly in 128 bits.
  std::mt19937_64 random(11);
  ExactSum sum;
  __extension__ using Wide = __int128;
  Wide exact = 0;
  for (int i = 0; i < 1000; ++i) {
    auto a = static_cast<std::int64_t>(random() >> 12), b = static_cast<std::int64_t>(random() >> 40);
    sum.AddProduct(static_cast<double>(a), static_cast<double>(b));
    exact += static_cast<Wide>(a) * b;
  }
  EXPECT_EQ(sum.Round(), static_cast<double>(exact));
}

TEST(PopulationVariance, IsExactWhereTheTextbookFormulaFails) {
  ExactSum sum, squares;
  for (double value : {1e9 + 1, 1e9 + 2, 1e9 + 3}) sum.Add(value), squares.AddProduct(value, value);
  EXPECT_DOUBLE_EQ(PopulationVariance(3, sum, squares), 2.0 / 3);
  ExactSum same, same_squares;
  for (int i = 0; i < 5; ++i) same.Add(0.1), same_squares.AddProduct(0.1, 0.1);
  EXPECT_EQ(PopulationVariance(5, same, same_squares), 0);
}

}  // namespace
}  // namespace cryptostream
