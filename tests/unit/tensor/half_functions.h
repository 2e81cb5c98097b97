// The functions that the tables of protocol/tensor/half.h hold.
#pragma once

#include "protocol/tensor/half.h"

namespace soliton {

inline Half half_sigmoid(Half a) { return half_sigmoid_table()[a]; }
inline Half half_tanh(Half a) { return half_tanh_table()[a]; }

}  // namespace soliton
