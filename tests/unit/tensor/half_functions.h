// The functions that the tables of protocol/tensor/half.h hold.
#pragma once

#include "protocol/tensor/half.h"

namespace soliton {

inline Half half_sigmoid(Half a) { return half_sigmoid_table()[a]; }
inline Half half_tanh(Half a) { return half_tanh_table()[a]; }
inline Half half_exp(Half a) { return half_exp_table()[a]; }
inline Half half_reciprocal(Half a) { return half_reciprocal_table()[a]; }
inline Half half_rsqrt(Half a) { return half_rsqrt_table()[a]; }

}  // namespace soliton
