// multiply() against a naive twin that forms every step in exact arithmetic and rounds once a
// block, for random shapes, formats and tile sizes. Max error: 0, compared as bits.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"
#include "protocol/tensor/multiply_kernels.h"

namespace soliton {
namespace {

NumberFormat format(const std::string& text) { return parse_format(text).value(); }

int block_of(const BfpMatrix& matrix, int column) {
  int block = 0;
  while (matrix.block_starts[static_cast<std::size_t>(block) + 1] <= column) ++block;
  return block;
}

// The contract word by word: exact dot product, then one FMA a block, or ldexp and add where
// 2^exponent is not normal.
std::vector<float> naive(const BfpMatrix& matrix, const BfpVector& vector) {
  std::vector<float> out;
  for (int r = 0; r < matrix.rows; ++r) {
    std::vector<std::int64_t> dots(vector.exponents.size());
    for (int k = 0; k < matrix.columns; ++k)
      dots[static_cast<std::size_t>(block_of(matrix, k))] +=
          static_cast<std::int64_t>(
              matrix.mantissas[static_cast<std::size_t>(r) * matrix.columns + k]) *
          vector.mantissas[k];
    float acc = 0;
    for (std::size_t b = 0; b < dots.size(); ++b) {
      const int exponent =
          matrix.exponents[static_cast<std::size_t>(r) * dots.size() + b] + vector.exponents[b];
      const float dot = static_cast<float>(dots[b]);
      if (exponent >= -126 && exponent <= 127)
        acc = std::fma(dot, std::ldexp(1.0f, exponent), acc);
      else
        acc += std::ldexp(dot, exponent);
    }
    out.push_back(acc);
  }
  return out;
}

void expect_bits(const std::vector<float>& actual, const std::vector<float>& expected,
                 const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t r = 0; r < actual.size(); ++r) {
    if (std::isnan(expected[r])) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[r]), 0x7fc00000u) << what << " row " << r;
      continue;
    }
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[r]), std::bit_cast<std::uint32_t>(expected[r]))
        << what << " row " << r << ": " << actual[r] << " against " << expected[r];
  }
}

// Every kernel the processor has, and multiply() itself.
void expect_all_kernels(const BfpMatrix& matrix, const BfpVector& vector, const std::string& what) {
  const std::vector<float> expected = naive(matrix, vector);
  std::vector<float> out(static_cast<std::size_t>(matrix.rows), -1.0f);
  for (const MultiplyKernel& kernel : multiply_kernels()) {
    if (!kernel.supported) continue;
    out.assign(out.size(), -1.0f);
    kernel.run(matrix, vector, out);
    ASSERT_NO_FATAL_FAILURE(expect_bits(out, expected, what + " " + kernel.name));
  }
  out.assign(out.size(), -1.0f);
  multiply(matrix, vector, out);
  expect_bits(out, expected, what);
}

TEST(Multiply, RandomShapesFormatsAndTilesMatchTheNaiveTwin) {
  const std::vector<std::string> formats{"ms-fp8", "ms-fp9", "1s5e5m",    "msfp11",
                                         "msfp16", "mxint8", "bfp16-amd", "e0m7,block=7,scale=5"};
  const Random random(6, "products");
  BfpVector vector;
  for (std::uint64_t i = 0; i < 250; ++i) {
    const Random r = random.child(i);
    const NumberFormat f = format(formats[r.below(0, formats.size())]);
    const int rows = 1 + static_cast<int>(r.below(1, 40));
    const int columns = 1 + static_cast<int>(r.below(2, 500));
    const int native = 1 + static_cast<int>(r.below(3, 140));
    std::vector<float> weights(static_cast<std::size_t>(rows) * columns);
    for (std::size_t k = 0; k < weights.size(); ++k)
      weights[k] = static_cast<float>(r.child(1).normal(k) * 0.3);
    std::vector<std::uint16_t> x(static_cast<std::size_t>(columns));
    for (std::size_t k = 0; k < x.size(); ++k)
      x[k] = to_half(static_cast<float>(r.child(2).normal(k)));
    const BfpMatrix matrix = quantise_matrix(weights, rows, columns, f, native, "w").value();
    quantise_activation(x, f, matrix.block_starts, vector);
    ASSERT_NO_FATAL_FAILURE(expect_all_kernels(matrix, vector,
                                               f.name + " " + std::to_string(rows) + "x" +
                                                   std::to_string(columns) + " in " +
                                                   std::to_string(native)));
  }
}

// Mantissas and exponents set by hand: whatever the quantiser could give, and more.
struct Product {
  BfpMatrix matrix;
  BfpVector vector;
};

Product product(int rows, std::vector<int> starts, const NumberFormat& f) {
  const std::size_t columns = static_cast<std::size_t>(starts.back());
  const std::size_t blocks = starts.size() - 1;
  Product p{{f, rows, starts.back(), starts, std::vector<std::int8_t>(rows * columns),
             std::vector<std::int16_t>(rows * blocks)},
            {std::vector<std::int8_t>(columns), std::vector<std::int16_t>(blocks),
             std::vector<bool>(blocks), false}};
  return p;
}

TEST(Multiply, ExponentSumsOutsideTheNormalRangeFollowTheContract) {
  const Random random(7, "exponents");
  int in_range = 0;
  int below = 0;
  int above = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const Random r = random.child(i);
    Product p = product(5, {0, 9, 18, 27}, format("msfp16"));
    const int centre =
        std::vector<int>{-200, -150, -140, -126, 0, 90, 100, 110, 127, 150}[r.below(0, 10)];
    for (std::size_t k = 0; k < p.matrix.mantissas.size(); ++k)
      p.matrix.mantissas[k] =
          static_cast<std::int8_t>(static_cast<int>(r.below(100 + k, 255)) - 127);
    for (std::size_t k = 0; k < p.vector.mantissas.size(); ++k)
      p.vector.mantissas[k] =
          static_cast<std::int8_t>(static_cast<int>(r.below(400 + k, 255)) - 127);
    for (std::size_t k = 0; k < p.matrix.exponents.size(); ++k) {
      p.matrix.exponents[k] =
          static_cast<std::int16_t>(centre - 10 + static_cast<int>(r.below(500 + k, 20)));
      (p.matrix.exponents[k] < -126 ? below : p.matrix.exponents[k] > 127 ? above : in_range) += 1;
    }
    ASSERT_NO_FATAL_FAILURE(expect_all_kernels(p.matrix, p.vector, "case " + std::to_string(i)));
  }
  EXPECT_GT(in_range, 5000);
  EXPECT_GT(below, 5000);
  EXPECT_GT(above, 5000);
}

TEST(Multiply, SubnormalSumsAreKept) {
  Product p = product(1, {0, 1}, format("msfp16"));
  p.matrix.mantissas[0] = 1;
  p.vector.mantissas[0] = 1;
  p.matrix.exponents[0] = -149;
  std::vector<float> out(1);
  multiply(p.matrix, p.vector, out);
  EXPECT_EQ(out[0], 0x1p-149f);
}

TEST(Multiply, BlocksAreAddedInAscendingOrder) {
  // 2^24 + 1 + 1 loses both ones in fp32; 1 + 1 + 2^24 keeps them.
  Product p = product(2, {0, 1, 2, 3}, format("msfp16"));
  p.vector.mantissas = {1, 1, 1};
  p.matrix.mantissas = {1, 1, 1, 1, 1, 1};
  p.matrix.exponents = {24, 0, 0, 0, 0, 24};
  std::vector<float> out(2);
  multiply(p.matrix, p.vector, out);
  EXPECT_EQ(out[0], 16777216.0f);
  EXPECT_EQ(out[1], 16777218.0f);
}

TEST(Multiply, LargestBlockOfLargestMantissasIsExact) {
  // 1040 lanes of 127 * 127 are 16,774,160 < 2^24: the widest block for which the conversion is
  // exact.
  Product p = product(4, {0, 1040}, format("e0m7,block=1040,scale=8"));
  p.matrix.mantissas.assign(p.matrix.mantissas.size(), -127);
  p.vector.mantissas.assign(1040, 127);
  std::vector<float> out(4);
  multiply(p.matrix, p.vector, out);
  EXPECT_EQ(out, std::vector<float>(4, -16774160.0f));
  // Wider sums are formed exactly and rounded once.
  Product wide = product(1, {0, 65536}, format("e0m7,block=65536,scale=8"));
  wide.matrix.mantissas.assign(wide.matrix.mantissas.size(), 127);
  wide.vector.mantissas.assign(65536, 127);
  wide.vector.mantissas[0] = 126;
  ASSERT_NO_FATAL_FAILURE(expect_all_kernels(wide.matrix, wide.vector, "wide"));
}

TEST(Multiply, PoisonedBlockMakesEveryRowNan) {
  const NumberFormat f = format("ms-fp8");
  const BfpMatrix matrix =
      quantise_matrix(std::vector<float>(6 * 30, 0.0f), 6, 30, f, 10, "w").value();
  std::vector<std::uint16_t> x(30, 0x3c00);
  x[25] = kHalfNan;
  BfpVector vector;
  quantise_activation(x, f, matrix.block_starts, vector);
  std::vector<float> out(6);
  multiply(matrix, vector, out);
  for (const float value : out) EXPECT_EQ(to_half(value), kHalfNan);
}

TEST(Multiply, EmptyMatrixGivesZeros) {
  const NumberFormat f = format("ms-fp8");
  const BfpMatrix matrix = quantise_matrix({}, 3, 0, f, 10, "w").value();
  BfpVector vector;
  quantise_activation({}, f, matrix.block_starts, vector);
  std::vector<float> out(3, 1.0f);
  multiply(matrix, vector, out);
  EXPECT_EQ(out, std::vector<float>(3, 0.0f));
}

}  // namespace
}  // namespace soliton
