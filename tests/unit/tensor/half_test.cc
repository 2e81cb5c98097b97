// fp16 conversions and point-wise operations: exhaustive where there are 65,536 inputs, dense
// random pairs otherwise. Max error: 0 (each result is the correctly rounded one).
#include "protocol/tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/unit/tensor/half_functions.h"

namespace soliton {
namespace {

constexpr std::uint32_t kAll = 65536;

// The value of a pattern from its definition, without the code under test.
long double value_of(Half h) {
  const int exponent = (h >> 10) & 31;
  const int fraction = h & 1023;
  const long double magnitude = exponent == 0 ? std::ldexp(static_cast<long double>(fraction), -24)
                                : exponent == 31 ? std::numeric_limits<long double>::infinity()
                                                 : std::ldexp(1024.0L + fraction, exponent - 25);
  return (h & 0x8000) != 0 ? -magnitude : magnitude;
}

// Nearest pattern by bisection over the ordered positive patterns; ties to the even one. The
// infinity pattern stands for 65536 when distances are compared, as in IEEE 754 rounding.
Half nearest(long double value) {
  if (std::isnan(value)) return kHalfNan;
  const Half sign = std::signbit(value) ? 0x8000 : 0;
  const long double magnitude = std::fabs(value);
  const auto reach = [](int h) {
    return h == kHalfInfinity ? 65536.0L : value_of(static_cast<Half>(h));
  };
  if (magnitude >= 65536.0L) return sign | kHalfInfinity;
  int low = 0;
  int high = kHalfInfinity;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (reach(middle) <= magnitude ? low : high) = middle;
  }
  const long double below = magnitude - reach(low);
  const long double above = reach(high) - magnitude;
  const bool up = above < below || (above == below && (low & 1) != 0);
  return sign | static_cast<Half>(up ? high : low);
}

std::uint64_t checksum(Half (*function)(Half)) {
  std::uint64_t sum = 0xcbf29ce484222325ull;
  for (std::uint32_t i = 0; i < kAll; ++i) {
    const Half out = function(static_cast<Half>(i));
    const char bytes[2] = {static_cast<char>(out & 255), static_cast<char>(out >> 8)};
    sum = hash_bytes(std::string_view(bytes, 2), sum);
  }
  return sum;
}

TEST(Half, EveryPatternRoundTripsAndHasItsDefinedValue) {
  for (std::uint32_t i = 0; i < kAll; ++i) {
    const Half h = static_cast<Half>(i);
    if (half_is_nan(h)) {
      ASSERT_TRUE(std::isnan(to_float(h))) << i;
      ASSERT_EQ(to_half(to_float(h)), kHalfNan) << i;
      continue;
    }
    ASSERT_EQ(static_cast<long double>(to_float(h)), value_of(h)) << i;
    ASSERT_EQ(std::signbit(to_float(h)), (h & 0x8000) != 0) << i;
    ASSERT_EQ(to_half(to_float(h)), h) << i;
  }
}

TEST(Half, RoundsHalfToEvenAtEveryMidpointAndItsNeighbours) {
  for (int low = 0; low < kHalfInfinity; ++low) {
    const long double high =
        low + 1 == kHalfInfinity ? 65536.0L : value_of(static_cast<Half>(low + 1));
    const float middle = static_cast<float>((value_of(static_cast<Half>(low)) + high) / 2);
    const Half even = static_cast<Half>(low + (low & 1));
    ASSERT_EQ(to_half(middle), even) << low;
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0f)), low) << low;
    ASSERT_EQ(to_half(std::nextafter(middle, INFINITY)), low + 1) << low;
    ASSERT_EQ(to_half(-middle), even | 0x8000) << low;
  }
}

TEST(Half, RandomFloatsRoundToTheNearest) {
  const Random random(1, "half floats");
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const std::uint64_t bits = random.bits(i);
    // Exponents spread over the range of fp16 and a little beyond on both sides.
    const std::uint32_t exponent = 127 - 27 + static_cast<std::uint32_t>((bits >> 32) % 46);
    const std::uint32_t pattern =
        (static_cast<std::uint32_t>(bits) & 0x807fffff) | (exponent << 23);
    const float value = std::bit_cast<float>(pattern);
    ASSERT_EQ(to_half(value), nearest(value)) << value;
  }
}

TEST(Half, ConversionEdges) {
  EXPECT_EQ(to_half(65504.0f), 0x7bff);
  EXPECT_EQ(to_half(65519.996f), 0x7bff);
  EXPECT_EQ(to_half(65520.0f), kHalfInfinity);
  EXPECT_EQ(to_half(-65520.0f), 0x8000 | kHalfInfinity);
  EXPECT_EQ(to_half(3.4e38f), kHalfInfinity);
  EXPECT_EQ(to_half(0x1p-25f), 0);
  EXPECT_EQ(to_half(0x1.000002p-25f), 1);
  EXPECT_EQ(to_half(-0x1p-149f), 0x8000);
  EXPECT_EQ(to_half(-0.0f), 0x8000);
  EXPECT_EQ(to_half(std::bit_cast<float>(0xffc12345u)), kHalfNan);
  EXPECT_EQ(to_half(std::bit_cast<float>(0x7f800001u)), kHalfNan);
}

void expect_arithmetic(Half a, Half b) {
  const double x = static_cast<double>(value_of(a));
  const double y = static_cast<double>(value_of(b));
  // Sums of fp16 values span 41 bits and products 22: both are exact in double, so `nearest` rounds
  // once.
  ASSERT_EQ(half_add(a, b), nearest(x + y)) << a << " + " << b;
  ASSERT_EQ(half_sub(a, b), nearest(x - y)) << a << " - " << b;
  ASSERT_EQ(half_mul(a, b), nearest(x * y)) << a << " * " << b;
  ASSERT_EQ(static_cast<double>(value_of(half_max(a, b))), std::fmax(x, y)) << a << " max " << b;
  ASSERT_EQ(static_cast<double>(value_of(half_min(a, b))), std::fmin(x, y)) << a << " min " << b;
}

TEST(HalfArithmetic, RandomPairsMatchExactArithmeticRoundedOnce) {
  const Random random(2, "half pairs");
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const std::uint64_t bits = random.bits(i);
    const Half a = static_cast<Half>(bits);
    Half b = static_cast<Half>(bits >> 16);
    // Half of the pairs get close exponents, where sums cancel and round.
    if ((bits & (1ull << 40)) != 0) b = static_cast<Half>((b & 0x83ff) | (a & 0x7c00));
    if (half_is_nan(a) || half_is_nan(b)) {
      ASSERT_EQ(half_add(a, b), kHalfNan);
      ASSERT_EQ(half_sub(a, b), kHalfNan);
      ASSERT_EQ(half_mul(a, b), kHalfNan);
      ASSERT_EQ(half_max(a, b), kHalfNan);
      continue;
    }
    ASSERT_NO_FATAL_FAILURE(expect_arithmetic(a, b));
  }
}

TEST(HalfArithmetic, EveryPairOfEdgePatternsMatches) {
  std::vector<Half> edges;
  for (const int h : {0,      1,      2,      3,      0x1ff,  0x200,  0x3fe,  0x3ff,
                      0x400,  0x401,  0x7ff,  0x800,  0x3800, 0x3bff, 0x3c00, 0x3c01,
                      0x4000, 0x6400, 0x77ff, 0x7800, 0x7bfe, 0x7bff, 0x7c00}) {
    edges.push_back(static_cast<Half>(h));
    edges.push_back(static_cast<Half>(h | 0x8000));
  }
  for (const Half a : edges)
    for (const Half b : edges) ASSERT_NO_FATAL_FAILURE(expect_arithmetic(a, b));
}

TEST(HalfArithmetic, ZerosKeepTheSignsOfIeee754AndMaxPrefersPlusZero) {
  EXPECT_EQ(half_add(0x8000, 0x8000), 0x8000);
  EXPECT_EQ(half_add(0x8000, 0), 0);
  EXPECT_EQ(half_sub(0x3c00, 0x3c00), 0);
  EXPECT_EQ(half_mul(0x8000, 0x3c00), 0x8000);
  EXPECT_EQ(half_max(0x8000, 0), 0);
  EXPECT_EQ(half_max(0, 0x8000), 0);
  EXPECT_EQ(half_max(0x8000, 0x8001), 0x8000);
  EXPECT_EQ(half_min(0x8000, 0), 0x8000);
  EXPECT_EQ(half_min(0, 0x8000), 0x8000);
  EXPECT_EQ(half_min(0x8000, 0x8001), 0x8001);
}

TEST(HalfArithmetic, NanIsCanonicalAndPassesEveryOperation) {
  for (const int pattern : {0x7c01, 0x7e00, 0x7fff, 0xfc01, 0xfe00, 0xffff}) {
    const Half nan = static_cast<Half>(pattern);
    for (const Half other : {Half{0}, Half{0x3c00}, Half{0xfc00}, Half{0x7bff}}) {
      EXPECT_EQ(half_add(nan, other), kHalfNan);
      EXPECT_EQ(half_sub(other, nan), kHalfNan);
      EXPECT_EQ(half_mul(nan, other), kHalfNan);
      EXPECT_EQ(half_max(nan, other), kHalfNan);
      EXPECT_EQ(half_max(other, nan), kHalfNan);
      EXPECT_EQ(half_min(nan, other), kHalfNan);
      EXPECT_EQ(half_min(other, nan), kHalfNan);
    }
    EXPECT_EQ(half_relu(nan), kHalfNan);
    EXPECT_EQ(half_sigmoid(nan), kHalfNan);
    EXPECT_EQ(half_tanh(nan), kHalfNan);
    EXPECT_EQ(half_exp(nan), kHalfNan);
    EXPECT_EQ(half_reciprocal(nan), kHalfNan);
    EXPECT_EQ(half_rsqrt(nan), kHalfNan);
  }
  EXPECT_EQ(half_sub(kHalfInfinity, kHalfInfinity), kHalfNan);
  EXPECT_EQ(half_mul(kHalfInfinity, 0), kHalfNan);
}

TEST(HalfActivation, ReluClearsEveryNegativeAndKeepsEveryPositive) {
  EXPECT_EQ(half_relu(0x8000), 0);
  for (std::uint32_t i = 0; i <= kHalfInfinity; ++i) {
    ASSERT_EQ(half_relu(static_cast<Half>(i)), i);
    ASSERT_EQ(half_relu(static_cast<Half>(i | 0x8000)), 0);
  }
}

// Compares with the long double function at every input; its own error is far below the distance to
// a rounding border at all inputs where the results agree, and a disagreement would show here.
void expect_correctly_rounded(Half (*function)(Half), long double (*reference)(long double)) {
  for (std::uint32_t i = 0; i < kAll; ++i) {
    const Half h = static_cast<Half>(i);
    if (half_is_nan(h)) continue;
    ASSERT_EQ(function(h), nearest(reference(value_of(h)))) << "input pattern " << i;
  }
}

TEST(HalfActivation, TablesAreCorrectlyRoundedAtEveryInput) {
  expect_correctly_rounded(half_sigmoid,
                           [](long double x) { return 1.0L / (1.0L + std::exp(-x)); });
  expect_correctly_rounded(half_tanh, [](long double x) { return std::tanh(x); });
  expect_correctly_rounded(half_exp, [](long double x) { return std::exp(x); });
  expect_correctly_rounded(half_reciprocal, [](long double x) { return 1.0L / x; });
  expect_correctly_rounded(half_rsqrt, [](long double x) { return 1.0L / std::sqrt(x); });
}

TEST(HalfActivation, LimitsAndSymmetry) {
  EXPECT_EQ(half_sigmoid(0), 0x3800);
  EXPECT_EQ(half_sigmoid(kHalfInfinity), 0x3c00);
  EXPECT_EQ(half_sigmoid(0x8000 | kHalfInfinity), 0);
  EXPECT_EQ(half_tanh(0x8000), 0x8000);
  EXPECT_EQ(half_tanh(0x8000 | kHalfInfinity), 0xbc00);
  for (std::uint32_t i = 0; i <= kHalfInfinity; ++i)
    ASSERT_EQ(half_tanh(static_cast<Half>(i | 0x8000)), half_tanh(static_cast<Half>(i)) | 0x8000);
}

TEST(HalfActivation, SpecialValuesAreThoseOfIeee754) {
  constexpr Half kMinusInfinity = 0x8000 | kHalfInfinity;
  EXPECT_EQ(half_exp(0), 0x3c00);
  EXPECT_EQ(half_exp(0x8000), 0x3c00);
  EXPECT_EQ(half_exp(kHalfInfinity), kHalfInfinity);
  EXPECT_EQ(half_exp(kMinusInfinity), 0);
  EXPECT_EQ(half_exp(0xfbff), 0);
  EXPECT_EQ(half_reciprocal(0), kHalfInfinity);
  EXPECT_EQ(half_reciprocal(0x8000), kMinusInfinity);
  EXPECT_EQ(half_reciprocal(kHalfInfinity), 0);
  EXPECT_EQ(half_reciprocal(kMinusInfinity), 0x8000);
  EXPECT_EQ(half_reciprocal(0x7bff), 0x0100);  // 1 / 65504 is 2^-16, to within a half of 2^-24
  EXPECT_EQ(half_rsqrt(0), kHalfInfinity);
  EXPECT_EQ(half_rsqrt(0x8000), kMinusInfinity);
  EXPECT_EQ(half_rsqrt(kHalfInfinity), 0);
  EXPECT_EQ(half_rsqrt(kMinusInfinity), kHalfNan);
  EXPECT_EQ(half_rsqrt(0x4400), 0x3800);  // 4
  for (Half negative = 0x8001; negative <= kMinusInfinity; ++negative)
    ASSERT_EQ(half_rsqrt(negative), kHalfNan);
}

// FNV-1a over the 65,536 results, low byte first: the same bits on every machine and library
// version.
TEST(HalfActivation, TablesHaveThePinnedChecksums) {
  EXPECT_EQ(checksum(half_sigmoid), 6618613431176399504u);
  EXPECT_EQ(checksum(half_tanh), 17031468128005867989u);
}

}  // namespace
}  // namespace soliton
