// Matrices, activations and products of every format: what is held equals the scalar quantiser, and
// multiply() equals the contract done with other means (exact sums in parts, long double).
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

NumberFormat format(const std::string& text) { return parse_format(text).value(); }

const std::vector<std::string>& formats() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const NumberFormat& f : builtin_formats()) out.push_back(f.name);
    for (const char* more :
         {"e0m8,block=16,scale=8", "e0m11,block=8,scale=5", "e0m15,block=7,scale=8,round=nearest",
          "e3m1,block=16,scale=6", "e3m0,block=16,scale=8,round=floor", "e1m4,block=9,scale=8",
          "e5m10,block=32,scale=5,overflow=saturate", "mxfp4,round=dither", "int16,round=dither",
          "e4m3,block=20,scale=float", "e2m1,block=16,scale=float", "e4m3,scale=none",
          "float16,flush=yes", "mxfp6-e3m2,flush=yes,round=nearest"})
      out.emplace_back(more);
    return out;
  }();
  return names;
}

float element(const std::vector<std::int8_t>& narrow, const std::vector<float>& wide,
              std::size_t i) {
  return narrow.empty() ? wide[i] : static_cast<float>(narrow[i]);
}

// What the fields stand for, by the comment on BfpMatrix.
float value_at(const BfpMatrix& matrix, int row, int block, int k) {
  const auto own = static_cast<std::size_t>(row * matrix.blocks_per_row() + block);
  const auto at = static_cast<std::size_t>(row * matrix.columns + k);
  const float e = element(matrix.mantissas, matrix.wide, at);
  if (matrix.format.scale() == Scale::kNone) return e;
  if (matrix.format.scale() == Scale::kPowerOfTwo) return std::ldexp(e, matrix.exponents[own]);
  return static_cast<float>(static_cast<double>(e) * static_cast<double>(matrix.scales[own]));
}

std::vector<float> weights_of(const Random& random, std::size_t count) {
  std::vector<float> out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<float>(random.normal(i) *
                                std::exp2(-static_cast<double>(random.child(1).below(i, 9))));
  return out;
}

TEST(EveryFormat, MatricesHoldWhatTheScalarReferenceGives) {
  const Random random(41, "matrices of every format");
  std::uint64_t number = 0;
  for (const std::string& name : formats()) {
    const NumberFormat f = format(name);
    const int rows = 3;
    const int columns = 70;
    const std::vector<float> weights = weights_of(random.child(number++), rows * columns);
    const BfpMatrix matrix = quantise_matrix(weights, rows, columns, f, 40, "w", 100).value();
    ASSERT_EQ(matrix.elements(), weights.size());
    ASSERT_EQ(matrix.mantissas.empty(), !has_narrow_elements(f));
    for (int r = 0; r < rows; ++r)
      for (int b = 0; b < matrix.blocks_per_row(); ++b) {
        const int first = matrix.block_starts[static_cast<std::size_t>(b)];
        const int last = matrix.block_starts[static_cast<std::size_t>(b) + 1];
        const auto values = std::span<const float>(weights).subspan(
            static_cast<std::size_t>(r * columns + first), static_cast<std::size_t>(last - first));
        const std::uint64_t ordinal = (std::uint64_t{100} + r) << 32 | static_cast<unsigned>(first);
        const QuantisedBlock block = quantise_block(values, f, {"w", ordinal});
        for (int k = first; k < last; ++k)
          ASSERT_EQ(value_at(matrix, r, b, k), block.values[static_cast<std::size_t>(k - first)])
              << name << " row " << r << " column " << k;
      }
  }
}

TEST(EveryFormat, NarrowElementsAreThoseOfAtMost127Quanta) {
  for (const char* name : {"ms-fp8", "msfp16", "mxint8", "int8", "mxfp4", "mxfp6-e2m3",
                           "e2m4,block=8,scale=8", "e3m0,block=8,scale=8", "e1m6,block=8,scale=8"})
    EXPECT_TRUE(has_narrow_elements(format(name))) << name;
  for (const char* name : {"mxfp6-e3m2", "mxfp8-e4m3", "mxfp8-e5m2", "int16", "float16", "fp32",
                           "e0m8,block=8,scale=8", "e3m1,block=8,scale=8", "e2m1,scale=none"})
    EXPECT_FALSE(has_narrow_elements(format(name))) << name;
}

// ---- products ----

// A sum of whole numbers below 2^126, rounded to fp32 half to even: long division by hand.
float rounded_once(__int128 sum) {
  const bool negative = sum < 0;
  unsigned __int128 magnitude =
      negative ? -static_cast<unsigned __int128>(sum) : static_cast<unsigned __int128>(sum);
  int exponent = 0;
  bool sticky = false;
  bool guard = false;
  while (magnitude >> 24 != 0) {
    sticky = sticky || guard;
    guard = (magnitude & 1) != 0;
    magnitude >>= 1;
    ++exponent;
  }
  if (guard && (sticky || (magnitude & 1) != 0)) ++magnitude;
  const float value =
      std::ldexp(static_cast<float>(static_cast<std::uint32_t>(magnitude)), exponent);
  return negative ? -value : value;
}

float expected_row(const BfpMatrix& matrix, const BfpVector& vector, int row) {
  float acc = 0;
  const auto blocks = static_cast<std::size_t>(matrix.blocks_per_row());
  for (std::size_t b = 0; b < blocks; ++b) {
    __int128 sum = 0;
    for (int k = matrix.block_starts[b]; k < matrix.block_starts[b + 1]; ++k) {
      const float w = element(matrix.mantissas, matrix.wide,
                              static_cast<std::size_t>(row * matrix.columns + k));
      const float x = element(vector.mantissas, vector.wide, static_cast<std::size_t>(k));
      if (matrix.format.scale() == Scale::kNone)
        acc = std::fma(w, x, acc);
      else
        sum += static_cast<__int128>(w) * static_cast<__int128>(x);
    }
    const std::size_t own = static_cast<std::size_t>(row) * blocks + b;
    if (matrix.format.scale() == Scale::kFloat) {
      const float factor = matrix.scales[own] * vector.scales[b];
      acc = std::fma(rounded_once(sum), factor, acc);
    } else if (matrix.format.scale() == Scale::kPowerOfTwo) {
      const int exponent = matrix.exponents[own] + vector.exponents[b];
      const float product = std::ldexp(rounded_once(sum), exponent);
      acc = exponent >= -126 && exponent <= 127
                ? std::fma(rounded_once(sum), std::ldexp(1.0f, exponent), acc)
                : acc + product;
    }
  }
  return acc;
}

TEST(EveryFormat, ProductsFollowTheContract) {
  const Random random(42, "products of every format");
  BfpVector vector;
  std::uint64_t number = 0;
  for (const std::string& name : formats()) {
    const NumberFormat f = format(name);
    for (int i = 0; i < 8; ++i) {
      const Random r = random.child(number++);
      const int rows = 1 + static_cast<int>(r.below(1, 9));
      const int columns = 1 + static_cast<int>(r.below(2, 150));
      const int native = 1 + static_cast<int>(r.below(3, 60));
      const std::vector<float> weights =
          weights_of(r.child(4), static_cast<std::size_t>(rows * columns));
      std::vector<std::uint16_t> x;
      for (const float value : weights_of(r.child(5), static_cast<std::size_t>(columns)))
        x.push_back(to_half(value));
      const BfpMatrix matrix = quantise_matrix(weights, rows, columns, f, native, "w").value();
      quantise_activation(x, f, matrix.block_starts, vector);
      std::vector<float> fast(static_cast<std::size_t>(rows)), scalar(fast);
      multiply(matrix, vector, fast);
      multiply_reference(matrix, vector, scalar);
      for (int row = 0; row < rows; ++row) {
        const std::uint32_t wanted =
            std::bit_cast<std::uint32_t>(expected_row(matrix, vector, row));
        ASSERT_EQ(std::bit_cast<std::uint32_t>(scalar[static_cast<std::size_t>(row)]), wanted)
            << name << " row " << row;
        ASSERT_EQ(std::bit_cast<std::uint32_t>(fast[static_cast<std::size_t>(row)]), wanted)
            << name << " row " << row;
      }
    }
  }
}

// Products of e5m2 reach from 2^-32 to 2^31: the small one survives when the large ones cancel.
TEST(WideSums, AreExactWithinABlock) {
  const NumberFormat f = format("mxfp8-e5m2");
  const std::vector<float> weights{57344.0f, -57344.0f, 0x1p-16f};
  const BfpMatrix matrix = quantise_matrix(weights, 1, 3, f, 3, "w").value();
  BfpVector vector;
  const std::vector<std::uint16_t> x{to_half(57344.0f), to_half(57344.0f), to_half(0x1p-16f)};
  quantise_activation(x, f, matrix.block_starts, vector);
  std::vector<float> out(1);
  multiply(matrix, vector, out);
  EXPECT_EQ(out[0], 0x1p-32f);
}

TEST(EveryFormat, RelativeErrorOfAProductIsThatOfItsWidth) {
  // A sanity bound, so that no scale is off by a power of two: the float result within a few
  // quanta.
  const Random random(43, "sanity");
  BfpVector vector;
  for (const char* name : {"int8", "int16", "float16", "bfloat16", "fp32", "mxfp8-e4m3", "msfp16",
                           "mxfp6-e2m3", "e4m3,block=20,scale=float"}) {
    const NumberFormat f = format(name);
    std::vector<float> weights(200);
    std::vector<std::uint16_t> x;
    double exact = 0;
    double size = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      weights[k] = static_cast<float>(random.normal(k));
      x.push_back(to_half(static_cast<float>(random.child(1).normal(k))));
      const double product = static_cast<double>(weights[k]) * static_cast<double>(to_float(x[k]));
      exact += product;
      size += product * product;
    }
    const BfpMatrix matrix = quantise_matrix(weights, 1, 200, f, 100, "w").value();
    quantise_activation(x, f, matrix.block_starts, vector);
    std::vector<float> out(1);
    multiply(matrix, vector, out);
    EXPECT_LT(std::fabs(static_cast<double>(out[0]) - exact),
              std::sqrt(size) * std::ldexp(1.0, 3 - std::min(f.mantissa_bits, 7)))
        << name;
  }
}

// ---- what is refused or poisoned ----

TEST(EveryFormat, NanAndInfiniteWeightsAreRefusedWithTheirPlace) {
  for (const std::string& name : formats()) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      std::vector<float> weights(4 * 100, 1.0f);
      weights[2 * 100 + 75] = bad;
      const Result<BfpMatrix> matrix =
          quantise_matrix(weights, 4, 100, format(name), 40, "gru0.Wr", 8);
      ASSERT_FALSE(matrix) << name;
      EXPECT_EQ(matrix.error().message.rfind("tensor \"gru0.Wr\", row 10, block ", 0), 0u)
          << matrix.error().message;
      EXPECT_NE(matrix.error().message.find(std::isnan(bad) ? "not a number" : "infinite"),
                std::string::npos);
    }
  }
}

TEST(ElementWeights, TooLargeForTheElementAreRefusedUnlessTheySaturate) {
  const std::vector<float> weights{1.0f, 70000.0f};
  const Result<BfpMatrix> refused = quantise_matrix(weights, 1, 2, format("float16"), 2, "w");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "tensor \"w\", row 0, block 0 (columns 0 to 1): a weight is too large for float16 (at "
            "most 65504)");
  const BfpMatrix saturated =
      quantise_matrix(weights, 1, 2, format("float16,overflow=saturate"), 2, "w").value();
  EXPECT_EQ(saturated.wide, (std::vector<float>{1.0f, 65504.0f}));
}

TEST(EveryFormat, ANanOrInfiniteActivationMakesEveryRowNan) {
  BfpVector vector;
  for (const std::string& name : formats()) {
    for (const Half bad : {kHalfNan, kHalfInfinity}) {
      const BfpMatrix matrix =
          quantise_matrix(std::vector<float>(3 * 30, 0.0f), 3, 30, format(name), 10, "w").value();
      std::vector<std::uint16_t> x(30, 0x3c00);
      x[25] = bad;
      quantise_activation(x, format(name), matrix.block_starts, vector);
      EXPECT_TRUE(vector.any_poisoned);
      std::vector<float> out(3, 0.0f);
      multiply(matrix, vector, out);
      for (const float value : out)
        EXPECT_EQ(std::bit_cast<std::uint32_t>(value), 0x7fc00000u) << name;
    }
  }
}

// A vector that is used again for another format keeps nothing of the first.
TEST(EveryFormat, ActivationsAreReusedAcrossFormats) {
  BfpVector reused, fresh;
  const std::vector<std::uint16_t> x{0x3c00, 0xb800, 0x4900, 0x0001};
  for (const std::string& name : formats()) {
    const int starts[]{0, 2, 4};
    quantise_activation(x, format(name), starts, reused);
    fresh = {};
    quantise_activation(x, format(name), starts, fresh);
    EXPECT_EQ(reused.mantissas, fresh.mantissas) << name;
    EXPECT_EQ(reused.wide, fresh.wide) << name;
    EXPECT_EQ(reused.exponents, fresh.exponents) << name;
    EXPECT_EQ(reused.scales, fresh.scales) << name;
  }
}

}  // namespace
}  // namespace soliton
