#include "tests/unit/math/functions.h"

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

long double sigmoid_oracle(long double x) { return 1 / (1 + std::exp(-x)); }
long double softplus_oracle(long double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

constexpr UnaryFunction kUnary[] = {
    {"exp", math::exp, std::exp, -745, 710, 0.53},
    {"expm1", math::expm1, std::expm1, -60, 710, 0.60},
    {"tanh", math::tanh, std::tanh, -25, 25, 0.58},
    {"sigmoid", math::sigmoid, sigmoid_oracle, -745, 60, 0.53},
    {"softplus", math::softplus, softplus_oracle, -745, 60, 0.53},
    {"sinh", math::sinh, std::sinh, -711, 711, 0.58},
    {"cosh", math::cosh, std::cosh, -711, 711, 0.53},
    {"erf", math::erf, std::erf, -7, 7, 0.52},
    {"log", math::log, std::log, 0, 8, 0.502},
    {"log1p", math::log1p, std::log1p, -1, 8, 0.502},
    {"log2", math::log2, std::log2, 0, 8, 0.502},
    {"log10", math::log10, std::log10, 0, 8, 0.502},
    {"asinh", math::asinh, std::asinh, -100, 100, 0.502},
    {"acosh", math::acosh, std::acosh, 1, 100, 0.502},
    {"atanh", math::atanh, std::atanh, -1, 1, 0.502},
    {"sin", math::sin, std::sin, -100, 100, 0.502},
    {"cos", math::cos, std::cos, -100, 100, 0.502},
    {"tan", math::tan, std::tan, -100, 100, 0.502},
    {"asin", math::asin, std::asin, -1, 1, 0.502},
    {"acos", math::acos, std::acos, -1, 1, 0.502},
    {"atan", math::atan, std::atan, -10, 10, 0.502},
    {"sqrt", math::sqrt, std::sqrt, 0, 100, 0.5},
    {"round_half_even", math::round_half_even, std::nearbyint, -100, 100, 0},
};

constexpr BinaryFunction kBinary[] = {
    {"pow", math::pow, std::pow, power_arguments, 0.55},
    {"atan2", math::atan2, std::atan2, angle_arguments, 0.502},
};

double any_bits(const Random& random, std::uint64_t i) {
  return std::bit_cast<double>(random.bits(i));
}
double between(const Random& random, std::uint64_t i, double low, double high) {
  return low + (high - low) * random.unit(i);
}
// Of either sign, below 2^(lowest + count).
double of_any_scale(const Random& random, std::uint64_t i, int lowest, std::uint64_t count) {
  const int exponent = lowest + static_cast<int>(random.below(2 * i, count)) + 1;
  return std::ldexp(between(random, 2 * i + 1, -1, 1), exponent);
}

}  // namespace

std::span<const UnaryFunction> unary_functions() { return kUnary; }
std::span<const BinaryFunction> binary_functions() { return kBinary; }

double argument(const UnaryFunction& function, std::uint64_t i) {
  const Random random(1, "argument");
  switch (i % 4) {
    case 0:
      return between(random, i, function.low, function.high);
    case 1:
      return any_bits(random, i);
    case 2:
      return of_any_scale(random.child(2), i, -40, 45);
    default:
      return std::copysign(1 + of_any_scale(random.child(3), i, -53, 53),
                           (i / 4) % 2 == 0 ? 1.0 : -1.0);
  }
}

Pair power_arguments(std::uint64_t i) {
  const Random random(1, "power");
  const double bases[] = {std::fabs(any_bits(random, i)),
                          std::fabs(of_any_scale(random.child(1), i, -6, 10)),
                          1 + of_any_scale(random.child(2), i, -40, 40)};
  const double x = bases[i % 3];
  const double logarithm = std::ilogb(x) == 0 || std::ilogb(x) == -1 ? x - 1 : std::ilogb(x);
  const double y = (i / 3) % 2 == 0 ? between(random.child(3), i, -1100, 1100) / logarithm
                                    : of_any_scale(random.child(4), i, -8, 16);
  if ((i / 6) % 3 > 0) return {x, y};
  return {(i / 18) % 2 == 0 ? x : -x, 0.5 * std::nearbyint(2 * y)};
}

Pair angle_arguments(std::uint64_t i) {
  const Random random(1, "angle");
  if (i % 2 == 0) return {any_bits(random, 2 * i), any_bits(random, 2 * i + 1)};
  return {of_any_scale(random.child(1), 2 * i, -40, 60),
          of_any_scale(random.child(1), 2 * i + 1, -40, 60)};
}

double ulps_apart(double result, long double exact) {
  const double rounded = static_cast<double>(exact);
  if (std::isnan(result) && std::isnan(rounded)) return 0;
  if (std::isnan(result) || std::isnan(rounded)) return std::numeric_limits<double>::infinity();
  const bool comparable = std::isfinite(result) && std::isfinite(rounded) && exact != 0;
  if (!comparable || std::signbit(result) != std::signbit(rounded))
    return std::bit_cast<std::uint64_t>(result) == std::bit_cast<std::uint64_t>(rounded)
               ? 0
               : std::numeric_limits<double>::infinity();
  const int exponent = std::max(std::ilogb(exact), -1022);
  return static_cast<double>(
      std::ldexp(std::fabs(static_cast<long double>(result) - exact), 52 - exponent));
}

}  // namespace soliton
