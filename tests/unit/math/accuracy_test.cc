// Errors against long double, whose 64 bits are good to 2^-11 of a unit in the last place of a double.
#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <vector>

#include "protocol/math/math.h"
#include "tests/unit/math/functions.h"

namespace soliton {
namespace {

constexpr std::uint64_t kArguments = 100'000;
constexpr bool kOracleIsBetter = LDBL_MANT_DIG >= 64;

void expect_close(double result, long double exact, double bound, const std::string& what) {
  const bool subnormal = std::fabs(static_cast<double>(exact)) < DBL_MIN;
  ASSERT_LE(ulps_apart(result, exact), subnormal ? kSubnormalUlps : bound) << what;
}

class Unary : public testing::TestWithParam<UnaryFunction> {};

TEST_P(Unary, ErrorIsBelowTheBoundOfTheHeader) {
  if (!kOracleIsBetter) GTEST_SKIP() << "long double is no better than double here";
  const UnaryFunction& f = GetParam();
  for (std::uint64_t i = 0; i < kArguments; ++i) {
    const double x = argument(f, i);
    ASSERT_NO_FATAL_FAILURE(
        expect_close(f.function(x), f.oracle(x), f.ulps, fmt::format("{}({:a})", f.name, x)));
  }
}

class Binary : public testing::TestWithParam<BinaryFunction> {};

TEST_P(Binary, ErrorIsBelowTheBoundOfTheHeader) {
  if (!kOracleIsBetter) GTEST_SKIP() << "long double is no better than double here";
  const BinaryFunction& f = GetParam();
  for (std::uint64_t i = 0; i < 2 * kArguments; ++i) {
    const Pair at = f.arguments(i);
    ASSERT_NO_FATAL_FAILURE(expect_close(f.function(at.x, at.y), f.oracle(at.x, at.y), f.ulps,
                                         fmt::format("{}({:a}, {:a})", f.name, at.x, at.y)));
  }
}

const auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Math, Unary,
                         testing::ValuesIn(unary_functions().begin(), unary_functions().end()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Math, Binary,
                         testing::ValuesIn(binary_functions().begin(), binary_functions().end()),
                         name_of);

// Where the reduction cancels most: the doubles around multiples of pi / 2, on both sides of 2^20, where
// one way to reduce gives way to the other.
TEST(Circular, ErrorIsAsSmallNextToMultiplesOfHalfPi) {
  if (!kOracleIsBetter) GTEST_SKIP() << "long double is no better than double here";
  const long double half_pi = std::acos(0.0L);
  for (long k = 1; k < 680'000; k += k < 1000 || std::abs(k - 667'544) < 100 ? 1 : 31)
    for (const double towards : {0.0, 1e9}) {
      const double multiple = static_cast<double>(static_cast<long double>(k) * half_pi);
      const double x = std::nextafter(multiple, towards);
      for (const double at : {multiple, x}) {
        ASSERT_LE(ulps_apart(math::sin(at), std::sin(static_cast<long double>(at))), 0.502) << k;
        ASSERT_LE(ulps_apart(math::cos(at), std::cos(static_cast<long double>(at))), 0.502) << k;
      }
    }
}

// The checker itself: a result that is one step off is found.
TEST(UlpsApart, OneStepIsOneUnit) {
  EXPECT_EQ(ulps_apart(1.0, 1.0L), 0);
  EXPECT_EQ(ulps_apart(std::nextafter(1.0, 2.0), 1.0L), 1);
  EXPECT_EQ(ulps_apart(0x1p-1074, 0x2p-1074L), 1);
  EXPECT_EQ(ulps_apart(0.0, -0.0L), HUGE_VAL);
  EXPECT_EQ(ulps_apart(HUGE_VAL, 1.0L), HUGE_VAL);
  EXPECT_EQ(ulps_apart(NAN, 1.0L), HUGE_VAL);
}

}  // namespace
}  // namespace soliton
