// The functions that neural networks call most, over whole arrays of fp32, in place.
//
// Each value becomes the function of protocol/math/math.h in double, rounded to fp32 once, half to even: not a bit
// differs from calling that for each. The loops have no branch, and the compiler vectorises them for
// whatever instruction set it is told. A NaN becomes kNanF.
#pragma once

#include <span>

namespace soliton::math {

void exp_all(std::span<float> values);
void tanh_all(std::span<float> values);
void sigmoid_all(std::span<float> values);
void erf_all(std::span<float> values);

}  // namespace soliton::math
