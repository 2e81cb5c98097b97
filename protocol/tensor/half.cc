#include "protocol/tensor/half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "protocol/math/math.h"

namespace soliton {

namespace {

using Table = std::array<Half, 65536>;

template <typename Function>
std::unique_ptr<const Table> make_table(Function function) {
  auto table = std::make_unique<Table>();
  for (std::uint32_t input = 0; input < table->size(); ++input) {
    const Half half = static_cast<Half>(input);
    (*table)[input] =
        half_is_nan(half) ? kHalfNan : round_to_half(function(static_cast<double>(to_float(half))));
  }
  return table;
}

// As integers, with the negative half of the range mirrored, bit patterns are ordered like the
// numbers and -0 < +0.
int order(Half h) { return (h & 0x8000) != 0 ? -1 - (h & 0x7fff) : static_cast<int>(h); }

}  // namespace

Half round_to_half(double value) {
  if (std::isnan(value)) return kHalfNan;
  if (value == 0.0) return to_half(static_cast<float>(value));
  if (std::fabs(value) >= 65536.0)
    return static_cast<Half>((std::signbit(value) ? 0x8000 : 0) | kHalfInfinity);
  const int exponent = std::max(std::ilogb(value), -14);
  // A whole number of quanta of at most 11 bits: exact in fp32, and 65536 when it rounds past the
  // largest finite value.
  const double quanta = std::nearbyint(std::ldexp(value, 10 - exponent));
  return to_half(static_cast<float>(std::ldexp(quanta, exponent - 10)));
}

Half half_max(Half a, Half b) {
  if (half_is_nan(a) || half_is_nan(b)) return kHalfNan;
  return order(a) >= order(b) ? a : b;
}

Half half_min(Half a, Half b) {
  if (half_is_nan(a) || half_is_nan(b)) return kHalfNan;
  return order(a) <= order(b) ? a : b;
}

Half half_relu(Half a) {
  if (half_is_nan(a)) return kHalfNan;
  return (a & 0x8000) != 0 ? Half{0} : a;
}

const Half* half_sigmoid_table() {
  static const std::unique_ptr<const Table> table = make_table(math::sigmoid);
  return table->data();
}

const Half* half_tanh_table() {
  static const std::unique_ptr<const Table> table = make_table(math::tanh);
  return table->data();
}

const Half* half_exp_table() {
  static const std::unique_ptr<const Table> table = make_table(math::exp);
  return table->data();
}

const Half* half_reciprocal_table() {
  static const std::unique_ptr<const Table> table = make_table([](double a) { return 1.0 / a; });
  return table->data();
}

const Half* half_rsqrt_table() {
  static const std::unique_ptr<const Table> table =
      make_table([](double a) { return 1.0 / math::sqrt(a); });
  return table->data();
}

}  // namespace soliton
