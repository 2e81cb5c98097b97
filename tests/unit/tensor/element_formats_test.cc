// Formats beyond shared exponents: elements by themselves (float16, bfloat16, fp32), integers under
// an fp32 scale, dither; and the minifloats nobody named.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

NumberFormat format(const std::string& text) { return parse_format(text).value(); }

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

float one(float value, const NumberFormat& f) {
  return quantise_block(std::span(&value, 1), f).values[0];
}

// fp32 patterns of every exponent, dense around the range of fp16.
float any_float(const Random& random, std::uint64_t i) {
  const auto bits = static_cast<std::uint32_t>(random.bits(i));
  if (i % 2 == 0) return std::bit_cast<float>(bits);
  return std::bit_cast<float>((bits & 0x807fffff) | ((100 + (bits >> 8) % 46) << 23));
}

TEST(Float16, EqualsTheConversionToHalf) {
  const NumberFormat f = format("float16");
  const Random random(31, "float16");
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const float value = any_float(random, i);
    if (std::isnan(value)) continue;
    ASSERT_EQ(one(value, f), to_float(to_half(value))) << value;
  }
  for (const float edge : {65504.0f, 65519.996f, 65520.0f, 0x1p-24f, 0x1p-25f, 0x1.000002p-25f})
    for (const float value : {edge, -edge}) EXPECT_EQ(one(value, f), to_float(to_half(value)));
}

// bfloat16 is the upper half of fp32: half to even on the lower 16 bits, as integers.
TEST(Bfloat16, IsTheUpperHalfOfFp32RoundedToEven) {
  const NumberFormat f = format("bfloat16");
  const Random random(32, "bfloat16");
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const float value = any_float(random, i);
    if (std::isnan(value) || value == 0) continue;
    const std::uint32_t bits = bits_of(value);
    const std::uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    ASSERT_EQ(bits_of(one(value, f)), rounded) << value;
  }
}

TEST(Fp32, IsTheIdentityButForMinusZeroAndTheNanPattern) {
  const NumberFormat f = format("fp32");
  const Random random(33, "fp32");
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const float value = any_float(random, i);
    if (std::isnan(value) || value == 0) continue;
    ASSERT_EQ(bits_of(one(value, f)), bits_of(value));
  }
  EXPECT_EQ(bits_of(one(-0.0f, f)), 0u);
  EXPECT_EQ(bits_of(one(std::bit_cast<float>(0xff812345u), f)), 0x7fc00000u);
}

TEST(ElementFormats, NanAndInfinityStayInTheirPlaces) {
  const std::vector<float> values{1, kNan, kInfinity, -kInfinity, -0.0f};
  for (const char* name : {"float16", "bfloat16", "fp32", "e5m2,scale=none"}) {
    const QuantisedBlock block = quantise_block(values, format(name));
    EXPECT_FALSE(block.poisoned);
    EXPECT_EQ(block.values[0], 1);
    EXPECT_EQ(bits_of(block.values[1]), 0x7fc00000u);
    EXPECT_EQ(block.values[2], kInfinity);
    EXPECT_EQ(block.values[3], -kInfinity);
    EXPECT_EQ(bits_of(block.values[4]), 0u);
  }
}

// OCP OFP8: e4m3 has no infinity, so what does not fit is NaN; e5m2 follows IEEE 754.
TEST(ElementFormats, OverflowIsInfinityNanOrTheLargest) {
  EXPECT_EQ(one(57344.0f, format("e5m2,scale=none")), 57344.0f);
  EXPECT_EQ(one(61439.0f, format("e5m2,scale=none")), 57344.0f);
  EXPECT_EQ(one(-61440.0f, format("e5m2,scale=none")), -kInfinity);
  EXPECT_EQ(one(464.0f, format("e4m3,scale=none")), 448.0f);  // a tie, to even
  EXPECT_TRUE(std::isnan(one(465.0f, format("e4m3,scale=none"))));
  EXPECT_TRUE(std::isnan(one(kInfinity, format("e4m3,scale=none"))));
  EXPECT_EQ(one(1e9f, format("e4m3,scale=none,overflow=saturate")), 448.0f);
  EXPECT_EQ(one(-kInfinity, format("float16,overflow=saturate")), -65504.0f);
}

TEST(ElementFormats, FlushIsByElement) {
  const std::vector<float> values{1.0f, 0x1p-127f, -0x1p-140f, 0x1p-126f};
  EXPECT_EQ(quantise_block(values, format("fp32,flush=yes")).values,
            (std::vector<float>{1.0f, 0.0f, 0.0f, 0x1p-126f}));
}

// An IEEE minifloat's codes, decoded by hand: e3m3 (bias 3, no infinity) has 64 magnitudes, and
// each must be kept while what lies between goes to a neighbour.
TEST(Minifloats, EveryCodeOfAnUnnamedElementIsAFixedPoint) {
  const NumberFormat f = format("e3m3,scale=none");
  std::vector<float> codes;
  for (int code = 0; code < 64; ++code) {
    const int exponent = code >> 3;
    const float fraction = static_cast<float>(code & 7) / 8;
    codes.push_back(exponent == 0 ? std::ldexp(fraction, -2)
                                  : std::ldexp(1 + fraction, exponent - 3));
  }
  EXPECT_EQ(codes.back(), 30.0f);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(one(codes[i], f), codes[i]);
    if (i == 0) continue;
    const float middle = (codes[i - 1] + codes[i]) / 2;
    EXPECT_EQ(one(std::nextafter(middle, 0.0f), f), codes[i - 1]);
    EXPECT_EQ(one(std::nextafter(middle, 100.0f), f), codes[i]);
    EXPECT_EQ(one(middle, f), i % 2 == 0 ? codes[i] : codes[i - 1]) << middle;
  }
}

// ---- an fp32 scale ----

TEST(FloatScale, IsTheLargestMagnitudeOverTheLargestInteger) {
  const std::vector<float> values{-3.0f, 1.0f, 0.0f, -0.0f, 0.011f, -0.011f, 2.9999f};
  const QuantisedBlock block = quantise_block(values, format("int8"));
  const float scale = static_cast<float>(3.0 / 127);
  EXPECT_EQ(block.scale, scale);
  EXPECT_EQ(block.values[0], static_cast<float>(-127.0 * static_cast<double>(scale)));
  EXPECT_EQ(block.values[1], static_cast<float>(42.0 * static_cast<double>(scale)));
  EXPECT_EQ(bits_of(block.values[3]), 0u);
  EXPECT_EQ(block.values[4], 0.0f);
  EXPECT_TRUE(std::signbit(block.values[5]));
  EXPECT_EQ(block.values[6], -block.values[0]);
}

TEST(FloatScale, TiesAndDirectionsFollowTheRounding) {
  // A scale of exactly 1, so that halves are ties.
  const std::vector<float> values{127.0f, 2.5f, -2.5f, 3.5f, 0.5f, -1.75f};
  EXPECT_EQ(quantise_block(values, format("int8")).values,
            (std::vector<float>{127, 2, -2, 4, 0, -2}));
  EXPECT_EQ(quantise_block(values, format("int8,round=nearest")).values,
            (std::vector<float>{127, 3, -3, 4, 1, -2}));
  EXPECT_EQ(quantise_block(values, format("int8,round=floor")).values,
            (std::vector<float>{127, 2, -2, 3, 0, -1}));
}

TEST(FloatScale, EdgesOfTheFloatRange) {
  const float largest = std::numeric_limits<float>::max();
  for (const char* name : {"int8", "int16", "e4m3,block=4,scale=float"}) {
    for (const float top : {largest, 0x1p-126f, 0x1p-130f, 0x1p-149f}) {
      const QuantisedBlock block = quantise_block(std::vector<float>{top, -top}, format(name));
      ASSERT_FALSE(block.poisoned);
      for (const float value : block.values) ASSERT_LE(std::fabs(value), largest) << name << top;
      EXPECT_EQ(block.values[0], -block.values[1]);
    }
    EXPECT_TRUE(quantise_block(std::vector<float>{1, kInfinity}, format(name)).poisoned);
    EXPECT_TRUE(quantise_block(std::vector<float>{1, kNan}, format(name)).poisoned);
    const QuantisedBlock zeros = quantise_block(std::vector<float>{0.0f, -0.0f}, format(name));
    EXPECT_EQ(zeros.scale, 0.0f);
    EXPECT_EQ(bits_of(zeros.values[0]) | bits_of(zeros.values[1]), 0u);
  }
}

// ---- dither ----

TEST(Dither, IsRightOnAverageAndAFunctionOfSeedPurposeAndOrdinal) {
  std::vector<float> values(20'001, 0.3125f);  // 5 / 16 of a quantum of msfp11's 0.5 is 0.625
  values[0] = 1.0f;
  const NumberFormat f = format("msfp11,block=65536,round=dither");
  const QuantisedBlock block = quantise_block(values, f);
  double sum = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    ASSERT_TRUE(block.values[i] == 0.0f || block.values[i] == 0.5f);
    sum += static_cast<double>(block.values[i]);
  }
  // The standard error of the mean is 0.5 * sqrt(0.625 * 0.375 / 20000) = 0.0017.
  EXPECT_NEAR(sum / 20'000, 0.3125, 5 * 0.0017);
  EXPECT_EQ(quantise_block(values, f).values, block.values);
  NumberFormat other = f;
  other.dither_seed = 2;
  EXPECT_NE(quantise_block(values, other).values, block.values);
  EXPECT_NE(quantise_block(values, f, {"other", 0}).values, block.values);
  const QuantisedBlock shifted = quantise_block(values, f, {"quantise", 5});
  EXPECT_TRUE(
      std::equal(shifted.values.begin() + 1, shifted.values.end() - 5, block.values.begin() + 6));
}

TEST(Dither, LeavesWhatIsExactAlone) {
  const std::vector<float> values{1.0f, 0.5f, -0.5f, 0.0f, 1.5f};
  for (std::uint64_t first = 0; first < 200; ++first)
    EXPECT_EQ(quantise_block(values, format("msfp11,round=dither"), {"x", first}).values, values);
}

// The same tensor cut by rows is dithered alike.
TEST(Dither, OfAMatrixDoesNotDependOnTheCut) {
  const NumberFormat f = format("msfp12,round=dither,seed=9");
  std::vector<float> weights(40 * 64);
  const Random random(34, "dithered weights");
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<float>(random.normal(i));
  const BfpMatrix whole = quantise_matrix(weights, 40, 64, f, 20, "w").value();
  const std::span<const float> rest = std::span<const float>(weights).subspan(20 * 64);
  const BfpMatrix lower = quantise_matrix(rest, 20, 64, f, 20, "w", 20).value();
  EXPECT_TRUE(std::equal(lower.mantissas.begin(), lower.mantissas.end(),
                         whole.mantissas.begin() + 20 * 64));
  const BfpMatrix renamed = quantise_matrix(rest, 20, 64, f, 20, "v", 20).value();
  EXPECT_NE(renamed.mantissas, lower.mantissas);
}

}  // namespace
}  // namespace soliton
