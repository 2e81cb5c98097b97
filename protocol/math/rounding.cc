#include <cmath>

#include "protocol/math/math.h"

namespace soliton::math {

// IEEE 754 defines the square root to be rounded correctly, so that the library's is everybody's, but for
// the sign of a NaN.
double sqrt(double x) { return x >= 0 ? std::sqrt(x) : (x == 0 ? x : kNan); }

double round_half_even(double x) {
  if (x != x) return kNan;
  if (!(std::fabs(x) < 0x1p52)) return x;
  return std::copysign((std::fabs(x) + 0x1p52) - 0x1p52, x);
}

}  // namespace soliton::math
