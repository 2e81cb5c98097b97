#include "protocol/math/arrays.h"

#include "protocol/math/exponential.h"

namespace soliton::math {

void exp_all(std::span<float> values) {
  for (float& value : values) value = static_cast<float>(exp_kernel(value));
}

void tanh_all(std::span<float> values) {
  for (float& value : values) value = static_cast<float>(tanh_kernel(value));
}

void sigmoid_all(std::span<float> values) {
  for (float& value : values) value = static_cast<float>(sigmoid_kernel(value));
}

void erf_all(std::span<float> values) {
  for (float& value : values) value = static_cast<float>(erf_kernel(value));
}

}  // namespace soliton::math
