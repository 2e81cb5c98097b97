// The specification of a matrix product, for every format (numerics, section 3). Nothing here is
// fast; multiply() has the same bits.
#include <algorithm>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/tensor/format.h"

namespace soliton {

namespace {

// The sum of products of a block in whole quanta: exact, as check_multiplies() keeps it below
// 2^127.
using Whole = __int128;

Whole whole(const std::vector<std::int8_t>& narrow, const std::vector<float>& wide, std::size_t i) {
  return narrow.empty() ? static_cast<Whole>(wide[i]) : static_cast<Whole>(narrow[i]);
}

// acc + dot * 2^exponent, rounded once.
float add_scaled(float acc, float dot, int exponent) {
  if (exponent >= -126 && exponent <= 127) return std::fma(dot, std::ldexp(1.0f, exponent), acc);
  // 2^exponent is no normal fp32 number: the product is formed first.
  return acc + std::ldexp(dot, exponent);
}

float row_sum(const BfpMatrix& matrix, const BfpVector& vector, std::size_t row) {
  const std::size_t weights = row * static_cast<std::size_t>(matrix.columns);
  const std::size_t blocks = vector.poisoned.size();
  const Scale kind = matrix.format.scale();
  float acc = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto first = static_cast<std::size_t>(matrix.block_starts[block]);
    const auto last = static_cast<std::size_t>(matrix.block_starts[block + 1]);
    Whole sum = 0;
    for (std::size_t k = first; k < last; ++k) {
      if (kind == Scale::kNone)
        acc = std::fma(matrix.wide[weights + k], vector.wide[k], acc);
      else
        sum += whole(matrix.mantissas, matrix.wide, weights + k) *
               whole(vector.mantissas, vector.wide, k);
    }
    const float dot = static_cast<float>(sum);  // rounds once, half to even
    const std::size_t own = row * blocks + block;
    if (kind == Scale::kPowerOfTwo)
      acc = add_scaled(acc, dot, matrix.exponents[own] + vector.exponents[block]);
    if (kind == Scale::kFloat) acc = std::fma(dot, matrix.scales[own] * vector.scales[block], acc);
  }
  // One NaN pattern, whatever operation made it.
  return acc == acc ? acc : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

void multiply_reference(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out) {
  SOLITON_CHECK(out.size() == static_cast<std::size_t>(matrix.rows));
  SOLITON_CHECK(vector.mantissas.size() + vector.wide.size() ==
                static_cast<std::size_t>(matrix.columns));
  SOLITON_CHECK(vector.poisoned.size() == static_cast<std::size_t>(matrix.blocks_per_row()));
  SOLITON_CHECK(matrix.elements() == out.size() * static_cast<std::size_t>(matrix.columns));
  for (std::size_t row = 0; row < out.size(); ++row)
    out[row] = vector.any_poisoned ? std::numeric_limits<float>::quiet_NaN()
                                   : row_sum(matrix, vector, row);
}

}  // namespace soliton
