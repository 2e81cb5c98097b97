// Special values: ISO C Annex F, 10.1 to 10.5, compared as bits, so that signs of zeros count and a NaN is
// the one NaN.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "protocol/math/math.h"
#include "tests/unit/math/functions.h"

namespace soliton {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = math::kNan;
constexpr double kLeast = 0x1p-1074;
constexpr double kMost = std::numeric_limits<double>::max();
constexpr double kPi = std::numbers::pi;

void expect_bits(double result, double expected, const std::string& what) {
  EXPECT_EQ(std::bit_cast<std::uint64_t>(result), std::bit_cast<std::uint64_t>(expected))
      << what << " is " << result << ", not " << expected;
}

struct Case {
  double x, expected;
};

void expect_cases(const char* name, double (*function)(double), std::initializer_list<Case> cases) {
  for (const Case& it : cases)
    expect_bits(function(it.x), it.expected, fmt::format("{}({:a})", name, it.x));
}

TEST(SpecialValues, AnyNanGivesTheOneNan) {
  for (const std::uint64_t bits :
       {0x7ff8000000000000ull, 0xfff8000000000000ull, 0x7ff0000000000001ull, 0xffffffffffffffffull,
        0x7ff800000000003full})
    for (const UnaryFunction& f : unary_functions())
      expect_bits(f.function(std::bit_cast<double>(bits)), kNan, f.name);
}

TEST(SpecialValues, OddFunctionsKeepZerosAndTheSmallestNumbers) {
  for (const auto function :
       {math::expm1, math::tanh, math::sinh, math::log1p, math::asinh, math::atanh, math::sin,
        math::tan, math::asin, math::atan, math::sqrt})
    expect_cases("f", function, {{0.0, 0.0}, {-0.0, -0.0}});
  for (const auto function : {math::expm1, math::tanh, math::sinh, math::log1p, math::asinh,
                              math::atanh, math::sin, math::tan, math::asin, math::atan})
    expect_cases("f", function, {{kLeast, kLeast}, {-kLeast, -kLeast}, {-0x1p-1022, -0x1p-1022}});
}

TEST(SpecialValues, Exponentials) {
  expect_cases("exp", math::exp,
               {{0.0, 1},
                {-0.0, 1},
                {kLeast, 1},
                {kInf, kInf},
                {-kInf, 0.0},
                {kMost, kInf},
                {-kMost, 0.0},
                {709.79, kInf},
                {-745.2, 0.0},
                {-745.1, kLeast}});
  expect_cases("expm1", math::expm1, {{kInf, kInf}, {-kInf, -1}, {-40, -1}, {709.79, kInf}});
  expect_cases("tanh", math::tanh, {{kInf, 1}, {-kInf, -1}, {20, 1}, {-kMost, -1}});
  expect_cases("sigmoid", math::sigmoid,
               {{0.0, 0.5}, {-0.0, 0.5}, {kInf, 1}, {-kInf, 0.0}, {-745.1, kLeast}, {kMost, 1}});
  expect_cases("softplus", math::softplus,
               {{0.0, std::numbers::ln2}, {kInf, kInf}, {-kInf, 0.0}, {kMost, kMost}});
  expect_cases("sinh", math::sinh, {{kInf, kInf}, {-kInf, -kInf}, {710.48, kInf}});
  expect_cases("cosh", math::cosh,
               {{0.0, 1}, {-0.0, 1}, {kInf, kInf}, {-kInf, kInf}, {-710.48, kInf}});
  expect_cases("erf", math::erf,
               {{0.0, 0.0}, {-0.0, -0.0}, {kInf, 1}, {-kInf, -1}, {6, 1}, {kLeast, kLeast}});
}

TEST(SpecialValues, Logarithms) {
  for (const auto function : {math::log, math::log2, math::log10})
    expect_cases("log", function,
                 {{0.0, -kInf},
                  {-0.0, -kInf},
                  {1, 0.0},
                  {kInf, kInf},
                  {-1, kNan},
                  {-kInf, kNan},
                  {-kLeast, kNan}});
  expect_cases("log1p", math::log1p, {{-1, -kInf}, {-1.5, kNan}, {kInf, kInf}, {-kInf, kNan}});
  expect_cases("asinh", math::asinh, {{kInf, kInf}, {-kInf, -kInf}});
  expect_cases("acosh", math::acosh, {{1, 0.0}, {kInf, kInf}, {0.5, kNan}, {-kInf, kNan}});
  expect_cases("atanh", math::atanh, {{1, kInf}, {-1, -kInf}, {1.5, kNan}, {kInf, kNan}});
  for (int k = -1074; k <= 1023; ++k) expect_bits(math::log2(std::ldexp(1.0, k)), k, "log2");
  double power = 1;
  for (int k = 0; k <= 22; ++k, power *= 10) expect_bits(math::log10(power), k, "log10");
}

TEST(SpecialValues, CircularFunctions) {
  for (const auto function : {math::sin, math::cos, math::tan})
    expect_cases("f", function, {{kInf, kNan}, {-kInf, kNan}});
  expect_cases("cos", math::cos, {{0.0, 1}, {-0.0, 1}, {kLeast, 1}});
  expect_cases("asin", math::asin, {{1, kPi / 2}, {-1, -kPi / 2}, {1.5, kNan}, {kInf, kNan}});
  expect_cases("acos", math::acos,
               {{1, 0.0}, {-1, kPi}, {0.0, kPi / 2}, {1.5, kNan}, {-kInf, kNan}});
  expect_cases("atan", math::atan,
               {{1, kPi / 4}, {kInf, kPi / 2}, {-kInf, -kPi / 2}, {kMost, kPi / 2}});
}

// Hard arguments of Muller, "Elementary Functions", and of Kahan's search for the double closest to a
// multiple of pi / 2; values to 20 digits by arithmetic of 1,400 bits.
TEST(SpecialValues, LargeArgumentsAreReducedExactly) {
  const double closest = 6381956970095103.0 * 0x1p797;
  expect_bits(math::cos(closest), -4.6871659242546276111e-19, "cos");
  expect_bits(math::sin(closest), 1, "sin");
  expect_bits(math::sin(1e22), -0.85220084976718880177, "sin(1e22)");
  expect_bits(math::cos(1e22), 0.52321478539513894549, "cos(1e22)");
  expect_bits(math::sin(kMost), 0.0049619547891840617905, "sin of the largest");
  expect_bits(math::sin(kPi), 1.2246467991473531772e-16, "sin(pi)");
}

struct PowerCase {
  double x, y, expected;
};

TEST(SpecialValues, PowerIsTheTableOfAnnexF) {
  const double q = kNan;
  for (
      const PowerCase& it : std::initializer_list<PowerCase>{
          // an infinity for a zero to a negative power, with the zero's sign if the power is odd
          {0.0, -3, kInf},
          {-0.0, -3, -kInf},
          {0.0, -2, kInf},
          {-0.0, -2, kInf},
          {-0.0, -2.5, kInf},
          {0.0, -kInf, kInf},
          {-0.0, -kInf, kInf},
          {0.0, 3, 0.0},
          {-0.0, 3, -0.0},
          {0.0, 2, 0.0},
          {-0.0, 2, 0.0},
          {-0.0, 0.5, 0.0},
          {-0.0, kInf, 0.0},
          {-1, kInf, 1},
          {-1, -kInf, 1},
          {1, q, 1},
          {1, kInf, 1},
          {q, 0.0, 1},
          {q, -0.0, 1},
          {kInf, 0.0, 1},
          {-8, 1.0 / 3, q},
          {-2, 0.5, q},
          {-kMost, 0.1, q},
          {0.5, -kInf, kInf},
          {-0.5, -kInf, kInf},
          {2, -kInf, 0.0},
          {-2, -kInf, 0.0},
          {0.5, kInf, 0.0},
          {-0.5, kInf, 0.0},
          {2, kInf, kInf},
          {-2, kInf, kInf},
          {-kInf, -3, -0.0},
          {-kInf, -2, 0.0},
          {-kInf, -0.5, 0.0},
          {-kInf, 3, -kInf},
          {-kInf, 2, kInf},
          {-kInf, 0.5, kInf},
          {kInf, -1, 0.0},
          {kInf, 1, kInf},
          {kInf, kInf, kInf},
          {kInf, -kInf, 0.0},
          {q, 1, q},
          {2, q, q},
          {q, q, q},
          // not in the table: exact powers, both ends of the range, exponents that are even because they are huge
          {2, 10, 1024},
          {-2, 3, -8},
          {10, 22, 1e22},
          {9, 0.5, 3},
          {2, -1074, kLeast},
          {2, 1023, 0x1p1023},
          {2, -1075, 0.0},
          {2, 1024, kInf},
          {-2, 1025, -kInf},
          {-2, -1075, -0.0},
          {kLeast, 1, kLeast},
          {-1, 0x1p53, 1},
          {-1, 0x1p53 - 1, -1},
          {-1, kMost, 1},
          {1 + 0x1p-52, kMost, kInf},
          {1 - 0x1p-53, kMost, 0.0},
          {2, kLeast, 1},
          {kMost, kLeast, 1}})
    expect_bits(math::pow(it.x, it.y), it.expected, fmt::format("pow({}, {})", it.x, it.y));
}

TEST(SpecialValues, Atan2IsTheTableOfAnnexF) {
  const double eighth = kPi / 4, three = 2.35619449019234492885;
  for (const double sign : {1.0, -1.0})
    for (const PowerCase& it :
         std::initializer_list<PowerCase>{{0.0, -0.0, kPi},      {0.0, 0.0, 0.0},
                                          {0.0, -1, kPi},        {0.0, 1, 0.0},
                                          {1, 0.0, kPi / 2},     {1, -0.0, kPi / 2},
                                          {1, -kInf, kPi},       {1, kInf, 0.0},
                                          {kInf, 1, kPi / 2},    {kInf, -1, kPi / 2},
                                          {kInf, 0.0, kPi / 2},  {kInf, -kInf, three},
                                          {kInf, kInf, eighth},  {0.0, kInf, 0.0},
                                          {0.0, -kInf, kPi},     {1, 1, eighth},
                                          {1, -1, three},        {kLeast, 1, kLeast},
                                          {kLeast, kMost, 0.0},  {kMost, kLeast, kPi / 2},
                                          {kLeast, -kMost, kPi}, {kLeast, kLeast, eighth},
                                          {kMost, -kMost, three}})
      expect_bits(math::atan2(sign * it.x, it.y), sign * it.expected,
                  fmt::format("atan2({}, {})", sign * it.x, it.y));
  expect_bits(math::atan2(kNan, 1), kNan, "atan2(nan, 1)");
  expect_bits(math::atan2(1, kNan), kNan, "atan2(1, nan)");
}

TEST(SpecialValues, RoundingAndRoots) {
  expect_cases("round_half_even", math::round_half_even,
               {{0.5, 0.0},
                {-0.5, -0.0},
                {1.5, 2},
                {2.5, 2},
                {-2.5, -2},
                {0.49999999999999994, 0.0},
                {0x1p52 - 0.5, 0x1p52},
                {0x1p52 + 1, 0x1p52 + 1},
                {kInf, kInf},
                {-kInf, -kInf},
                {-0.0, -0.0}});
  expect_cases("sqrt", math::sqrt, {{-1, kNan}, {-kInf, kNan}, {kInf, kInf}, {-0.0, -0.0}, {4, 2}});
}

}  // namespace
}  // namespace soliton
