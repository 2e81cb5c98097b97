// The table behind erf, computed by the compiler in double-double.
//
// erf(c + h) = sum of h^n erf^(n)(c) / n!. With f = erf' = 2 / sqrt(pi) e^(-c^2), f' = -2 c f, so the
// coefficients g_n of f satisfy (n + 1) g_(n+1) = -2 (c g_n + g_(n-1)) and those of erf are g_(n-1) / n.
// erf(c) = f(c) * sum of 2^n c^(2n+1) / (1 3 5 … (2n+1)): Abramowitz and Stegun, 7.1.6, all terms
// positive.
#include "protocol/math/exponential.h"

namespace soliton::math {
namespace {

// e^-a for 0 <= a <= 36: the series of a / 64, then its 64th power.
constexpr DoubleDouble inverse_exponential(double a) {
  const double step = a / 64;
  DoubleDouble sum{1.0}, term{1.0};
  for (int n = 1; n <= 40; ++n) {
    term = term * step / static_cast<double>(n);
    sum = sum + term;
  }
  for (int i = 0; i < 6; ++i) sum = sum * sum;
  return 1.0 / sum;
}

constexpr DoubleDouble erf_at(double c, DoubleDouble slope) {
  DoubleDouble term{c}, sum{c};
  for (int n = 1; n <= 200; ++n) {
    term = term * (2 * c * c) / (2.0 * n + 1);
    sum = sum + term;
  }
  return slope * sum;
}

constexpr ErfTable make_table() {
  ErfTable table{};
  for (std::size_t column = 0; column <= 48; ++column) {
    const double c = static_cast<double>(column) / 8;
    const DoubleDouble slope = kTwoOverRootPi * inverse_exponential(c * c);
    const DoubleDouble value = erf_at(c, slope);
    table.term[0][column] = value.hi;
    table.low[0][column] = value.lo;
    table.low[1][column] = slope.lo;
    DoubleDouble before{}, g = slope;
    for (std::size_t n = 1; n < kErfTerms; ++n) {
      const double count = static_cast<double>(n);
      table.term[n][column] = (g / count).hi;
      const DoubleDouble next = scaled_by(g * c + before, -2.0) / count;
      before = g;
      g = next;
    }
  }
  return table;
}

}  // namespace

constinit const ErfTable kErfTable = make_table();

// The kernel's products lose bits where their low parts are subnormal.
double erf(double x) {
  return std::fabs(x) < 0x1p-900 ? 0x1p-100 * erf_kernel(0x1p100 * x) : erf_kernel(x);
}

}  // namespace soliton::math
