// Numbers from their digits: exact times, nearest doubles, and nothing that silently becomes 0 or infinity.
#include "market/decimal.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cryptostream {
namespace {

TEST(ScaledDecimal, CutsToMicrosecondsWithoutADouble) {
  EXPECT_EQ(ScaledDecimal("1763800000.123457", 6), 1763800000123457);
  EXPECT_EQ(ScaledDecimal("1723161254.0878917999", 6), 1723161254087891);
  EXPECT_EQ(ScaledDecimal("1723161254", 6), 1723161254000000);
  EXPECT_EQ(ScaledDecimal("17631e5", 6), 1763100000000000);
  EXPECT_EQ(ScaledDecimal("1.7631E+9", 6), 1763100000000000);
  EXPECT_EQ(ScaledDecimal("1763100000000e-3", 6), 1763100000000000);
  EXPECT_EQ(ScaledDecimal("-1.5", 6), -1500000);
  EXPECT_EQ(ScaledDecimal("0", 6), 0);
  EXPECT_EQ(ScaledDecimal("0e99999999999", 6), 0);
  EXPECT_EQ(ScaledDecimal("1e-400", 6), 0);
}

TEST(ScaledDecimal, RefusesWhatDoesNotFitOrIsNoNumber) {
  for (const char* text : {"1e999", "9999999999999999999", "99999999999999999999", "9223372036854.775808", "", "-", "+1", "01",
                           "1.", ".5", "1e", "NaN", "Infinity", "0x10", "1 ", " 1", "1e+"}) {
    EXPECT_EQ(ScaledDecimal(text, 6), std::nullopt) << text;
  }
  EXPECT_EQ(ScaledDecimal("9223372036854.775807", 6), 9223372036854775807);
}

// With an exponent the general way reads it, without one mostly the short one.
TEST(ScaledDecimal, TheShortWayAndTheGeneralOneAgree) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = std::to_string(random() >> (random() % 64));
    if (random() % 4 != 0) text.insert(random() % (text.size() + 1), ".");
    if (random() % 8 == 0) text.insert(0, "0");
    for (int scale : {0, 3, 6, 12})
      EXPECT_EQ(ScaledDecimal(text, scale), ScaledDecimal(text + "e0", scale)) << text << " " << scale;
  }
}

TEST(NearestDouble, IsTheNearestOne) {
  EXPECT_EQ(NearestDouble("3.7e-10"), 3.7e-10);
  EXPECT_EQ(NearestDouble("8.8782e-8"), 8.8782e-8);
  EXPECT_EQ(NearestDouble("589735030408322754"), 589735030408322754.0);
  EXPECT_EQ(NearestDouble("99999999999999999999"), 1e20);
  EXPECT_EQ(NearestDouble("0.1000000000000000055511151231257827021181583404541015625000000000000001"), 0.1);
  EXPECT_EQ(NearestDouble("-0"), 0.0);
  EXPECT_EQ(NearestDouble("0e999"), 0.0);
}

TEST(NearestDouble, RefusesInfinityUnderflowAndWords) {
  for (const char* text : {"1e999", "-1e400", "1e-400", "NaN", "Infinity", "1,5", "", "1.5.2", "1e5e5"}) {
    EXPECT_EQ(NearestDouble(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace cryptostream
