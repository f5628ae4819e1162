// Exact summation. A window's average must be the same bits whatever the order in which its rows came, after a crash or in
// another engine; summing doubles as they come is not. Shewchuk's expansions cost 2-3 additions a value for prices
// of one magnitude. Rejected: a 2,000-bit fixed-point accumulator (1 KB a sum), decimal arithmetic (10x slower).
// Source: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997; Python's math.fsum for the last rounding.
#include "market/exact_sum.h"

#include <cmath>
#include <utility>

namespace cryptostream {

void ExactSum::Add(double value) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < partials_.size(); ++i) {
    double partial = partials_[i];
    if (std::fabs(value) < std::fabs(partial)) std::swap(value, partial);
    double high = value + partial;
    double low = partial - (high - value);
    if (low != 0) partials_[kept++] = low;
    value = high;
  }
  partials_.resize(kept);
  if (value != 0) partials_.push_back(value);
}

void ExactSum::AddProduct(double a, double b) {
  double product = a * b;
  Add(product);
  Add(std::fma(a, b, -product));
}

void ExactSum::Add(const ExactSum& other) {
  auto partials = other.partials_;  // `other` may be this
  for (double partial : partials) Add(partial);
}

double ExactSum::Round() const {
  if (partials_.empty()) return 0;
  std::size_t i = partials_.size() - 1;
  double high = partials_[i];
  double low = 0;
  while (i > 0) {
    double before = high;
    double next = partials_[--i];
    high = before + next;
    low = next - (high - before);
    if (low != 0) break;
  }
  // Exactly half way: the remaining partials decide, else ties to even would round twice.
  if (i > 0 && ((low < 0 && partials_[i - 1] < 0) || (low > 0 && partials_[i - 1] > 0))) {
    double twice = low * 2;
    double rounded = high + twice;
    if (twice == rounded - high) high = rounded;
  }
  return high;
}

double PopulationVariance(long n, const ExactSum& sx, const ExactSum& sxx) {
  ExactSum numerator;
  for (double partial : sxx.partials()) numerator.AddProduct(static_cast<double>(n), partial);
  for (double a : sx.partials()) {
    for (double b : sx.partials()) numerator.AddProduct(-a, b);
  }
  double squares = numerator.Round() / (static_cast<double>(n) * static_cast<double>(n));
  return squares > 0 ? squares : 0;
}

}  // namespace cryptostream
