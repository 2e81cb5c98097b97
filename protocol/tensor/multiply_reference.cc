// The specification of a matrix product, for every format (docs/numbers.md). Nothing here is fast;
// multiply() has the same bits.
#include <algorithm>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/tensor/format.h"

namespace soliton {

namespace {

struct Block {
  std::size_t first = 0;  // column
  std::size_t last = 0;
  std::size_t weights = 0;  // place of column 0 of the row among the weights
};

// The exact sum of products of a block in whole quanta, rounded to fp32 once, half to even.
// check_multiplies() keeps it below 2^127, and that of narrow elements below 2^31.
float dot_of(const BfpMatrix& matrix, const BfpVector& vector, const Block& block) {
  if (!matrix.mantissas.empty()) {
    std::int64_t sum = 0;
    for (std::size_t k = block.first; k < block.last; ++k)
      sum += matrix.mantissas[block.weights + k] * vector.mantissas[k];
    return static_cast<float>(sum);
  }
  __int128 sum = 0;
  for (std::size_t k = block.first; k < block.last; ++k)
    sum += static_cast<__int128>(matrix.wide[block.weights + k]) *
           static_cast<__int128>(vector.wide[k]);
  return static_cast<float>(sum);
}

// acc + dot * 2^exponent, rounded once.
float add_scaled(float acc, float dot, int exponent) {
  if (exponent >= -126 && exponent <= 127) return std::fma(dot, std::ldexp(1.0f, exponent), acc);
  // 2^exponent is not a normal fp32 number: the product is formed first.
  return acc + std::ldexp(dot, exponent);
}

// Elements without a scale, in ascending order.
float add_elements(float acc, const BfpMatrix& matrix, const BfpVector& vector,
                   const Block& block) {
  for (std::size_t k = block.first; k < block.last; ++k)
    acc = std::fma(matrix.wide[block.weights + k], vector.wide[k], acc);
  return acc;
}

float row_sum(float acc, const BfpMatrix& matrix, const BfpVector& vector, std::size_t row) {
  const std::size_t blocks = vector.poisoned.size();
  for (std::size_t b = 0; b < blocks; ++b) {
    const Block block{static_cast<std::size_t>(matrix.block_starts[b]),
                      static_cast<std::size_t>(matrix.block_starts[b + 1]),
                      row * static_cast<std::size_t>(matrix.columns)};
    const std::size_t own = row * blocks + b;
    switch (matrix.format.scale()) {
      case Scale::kPowerOfTwo:
        acc = add_scaled(acc, dot_of(matrix, vector, block),
                         matrix.exponents[own] + vector.exponents[b]);
        break;
      case Scale::kFloat:
        acc = std::fma(dot_of(matrix, vector, block), matrix.scales[own] * vector.scales[b], acc);
        break;
      case Scale::kNone:
        acc = add_elements(acc, matrix, vector, block);
        break;
    }
  }
  // One NaN pattern, whatever operation made it.
  return acc == acc ? acc : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

void multiply_onto(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> sums) {
  SOLITON_CHECK(sums.size() == static_cast<std::size_t>(matrix.rows));
  SOLITON_CHECK(vector.mantissas.size() + vector.wide.size() ==
                static_cast<std::size_t>(matrix.columns));
  SOLITON_CHECK(vector.poisoned.size() == static_cast<std::size_t>(matrix.blocks_per_row()));
  SOLITON_CHECK(matrix.elements() == sums.size() * static_cast<std::size_t>(matrix.columns));
  for (std::size_t row = 0; row < sums.size(); ++row)
    sums[row] = vector.any_poisoned ? std::numeric_limits<float>::quiet_NaN()
                                    : row_sum(sums[row], matrix, vector, row);
}

void multiply_reference(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out) {
  std::ranges::fill(out, 0.0F);
  multiply_onto(matrix, vector, out);
}

}  // namespace soliton
