// Division of exact sums. Two rounded sums divided round three times: three prices of 0.1 had the mean 0.10000000000000002. Here that quotient
// is a first guess, some ulps off at most, and is moved to the nearest double by the exact sign of what it leaves: a guess q is nearest to
// n / d if n / d is on q's side of the middle between q and its neighbour t, and 2n - (q + t)d is an exact sum again.
// Rejected: a wider guess (double-double), which is wrong where the quotient lies next to such a middle.
#include "market/quotient.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace cryptostream {
namespace {

// -1, 0 or 1 as `dividend / divisor` is below, at or above the middle of `a` and `b`.
int SideOfMiddle(const ExactSum& dividend, const ExactSum& divisor, double a, double b) {
  ExactSum rest;
  for (double partial : dividend.partials()) rest.Add(2 * partial);
  for (double partial : divisor.partials()) {
    rest.AddProduct(-a, partial);
    rest.AddProduct(-b, partial);
  }
  if (rest.partials().empty()) return 0;
  return rest.partials().back() > 0 ? 1 : -1;  // the greatest partial outweighs the others
}

bool IsEven(double value) { return std::bit_cast<std::uint64_t>(value) % 2 == 0; }

}  // namespace

double Quotient(const ExactSum& dividend, const ExactSum& divisor) {
  CS_CHECK(!divisor.partials().empty() && divisor.partials().back() > 0);
  double nearest = dividend.Round() / divisor.Round();
  if (dividend.partials().size() <= 1 && divisor.partials().size() == 1) return nearest;  // nothing was rounded before
  int side = SideOfMiddle(dividend, divisor, nearest, nearest);
  while (side != 0) {
    double next = std::nextafter(nearest, side * std::numeric_limits<double>::infinity());
    int beyond = SideOfMiddle(dividend, divisor, nearest, next) * side;
    if (beyond < 0) break;
    if (beyond == 0) return IsEven(nearest) ? nearest : next;
    nearest = next;
  }
  return nearest;
}

double Quotient(const ExactSum& dividend, std::int64_t divisor) {
  ExactSum whole;
  whole.Add(static_cast<double>(divisor));
  return Quotient(dividend, whole);
}

}  // namespace cryptostream
