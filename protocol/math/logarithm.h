// Logarithms in double-double, for the functions made of them. Inner header of this library.
#pragma once

#include "protocol/math/double_double.h"

namespace soliton::math {

// ln x, relative error below 2^-65. REQUIRES: x positive and finite.
DoubleDouble log_of(double x);
// ln(1 + x), as good. REQUIRES: x > -1, x finite.
DoubleDouble log1p_of(DoubleDouble x);

}  // namespace soliton::math
