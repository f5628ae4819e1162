#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/sql_function.h"

namespace cryptostream {

// The double nearest to (high * 2^90 + middle * 2^45 + low) / divisor * 2^exponent, ties to even. In: whole numbers from 0 to 2^127, as
// digits; sums of products of numbers that were cut into halves of 45 bits. Out: nothing where one is none, or the divisor is 0.
struct QuotientParts {
  std::string_view high, middle, low, divisor;
  int exponent = 0;
};
std::optional<double> NearestQuotient(const QuotientParts& parts);

// The same for SQL: nearest_quotient(high, middle, low, divisor, exponent).value, null for nothing.
const SqlFunction& QuotientFunction();

}  // namespace cryptostream
