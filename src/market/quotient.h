#pragma once

#include <cstdint>

#include "market/exact_sum.h"

namespace cryptostream {

// The double nearest to the quotient of two exact sums (ties to even): rounded once, so a mean is never outside of what it is the mean of.
// Requires: `divisor` > 0; sums and quotient as large and as small as ExactSum allows.
double Quotient(const ExactSum& dividend, const ExactSum& divisor);
double Quotient(const ExactSum& dividend, std::int64_t divisor);

}  // namespace cryptostream
