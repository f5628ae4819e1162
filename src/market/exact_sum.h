#pragma once

#include <boost/container/small_vector.hpp>
#include <span>

namespace cryptostream {

// The exact sum of doubles, held as non-overlapping partial sums (Shewchuk 1997, as in Python's math.fsum), so the result
// does not depend on the order in which values came. Rounded once, by Round().
class ExactSum {
 public:
  // Requires: finite, and |value| within 1e-250 .. 1e250 (or 0), so that no partial overflows or loses bits.
  void Add(double value);
  // Adds a*b without rounding it (fused multiply-add gives the error term).
  void AddProduct(double a, double b);
  void Add(const ExactSum& other);
  // The double nearest to the exact sum (ties to even).
  double Round() const;
  std::span<const double> partials() const { return {partials_.data(), partials_.size()}; }

 private:
  // Increasing magnitude. Prices of one window differ by far less than 2^53, so there are hardly ever more than three.
  boost::container::small_vector<double, 4> partials_;
};

// Population variance from n and the exact sums of x and x*x: (n*sxx - sx*sx) / (n*n), the numerator exact and rounded once.
double PopulationVariance(long n, const ExactSum& sx, const ExactSum& sxx);

}  // namespace cryptostream
