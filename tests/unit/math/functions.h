// The functions of soliton::math as a table, with what the tests need to know of each: an independent
// oracle, where its arguments are interesting, and the bounds of its error.
#pragma once

#include <cstdint>
#include <span>

namespace soliton {

// A subnormal result is rounded twice, to 53 bits and to fewer.
inline constexpr double kSubnormalUlps = 0.76;

struct UnaryFunction {
  const char* name;
  double (*function)(double);
  long double (*oracle)(long double);
  double low, high;  // where most of what is interesting happens
  double ulps = 0;  // bound of the error where the result is normal; elsewhere it is kSubnormalUlps
};

struct Pair {
  double x, y;
};

struct BinaryFunction {
  const char* name;
  double (*function)(double, double);
  long double (*oracle)(long double, long double);
  Pair (*arguments)(std::uint64_t i);
  double ulps = 0;
};

std::span<const UnaryFunction> unary_functions();
std::span<const BinaryFunction> binary_functions();

// The i-th argument for a function: in turn from its range, any bit pattern, any scale below 64, close to 1.
double argument(const UnaryFunction& function, std::uint64_t i);

// For pow: bases of all sizes and close to 1, exponents that reach both ends of the range, whole and half
// exponents of both signs.
Pair power_arguments(std::uint64_t i);
// For atan2: any two bit patterns, two of similar size.
Pair angle_arguments(std::uint64_t i);

// Units in the last place between a result and the exact value, at 64 bits; infinity where one is a NaN,
// an infinity or a zero and the other is not the same.
double ulps_apart(double result, long double exact);

}  // namespace soliton
