// IEEE binary16 ("fp16") as bit patterns, and the point-wise operations of the multifunction units, each correctly rounded.
//
// + - x are computed in fp32 and rounded once, which equals the correctly rounded fp16 result (numerics, section 3).
// sigmoid, tanh and exp are functions of 65,536 inputs: a table each, rounded from double precision, made on first use.
#pragma once

#include <cstdint>

namespace soliton {

using Half = std::uint16_t;  // a bit pattern

inline constexpr Half kHalfNan = 0x7e00;

float to_float(Half value);
// Half to even; overflow gives infinity; subnormals kept; any NaN becomes kHalfNan.
Half to_half(float value);

Half half_add(Half a, Half b);
Half half_sub(Half a, Half b);  // a - b
Half half_mul(Half a, Half b);
Half half_max(Half a, Half b);  // NaN when either is
Half half_relu(Half a);         // relu(-0) = +0; NaN passes
Half half_sigmoid(Half a);
Half half_tanh(Half a);
Half half_exp(Half a);

}  // namespace soliton
