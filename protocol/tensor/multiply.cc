// Matrix times vector on integer mantissas: int32 sums in a block, one fp32 running sum a row
// across blocks.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/multiply_kernels.h"

namespace soliton {

namespace {

#if defined(__GNUC__)
#define SOLITON_INLINE inline __attribute__((always_inline))
#else
#define SOLITON_INLINE inline
#endif

// acc + dot * 2^exponent where the product cannot be formed by one exact fp32 multiplication of
// normal numbers.
float add_scaled_slow(float acc, float dot, int exponent) {
  if (dot == 0.0f) return acc;  // acc is never -0, so adding a zero changes nothing
  // 2^exponent is a normal fp32 number, the product may not be: one rounding, of the sum.
  if (exponent >= -126 && exponent <= 127) return std::fma(dot, std::ldexp(1.0f, exponent), acc);
  return acc + std::ldexp(dot, exponent);
}

SOLITON_INLINE float add_scaled(float acc, std::int32_t dot, int exponent) {
  // Conversion to fp32 rounds, half to even, above 2^24, which blocks of up to 1040 lanes of 7 + 7
  // bits never reach.
  const float whole = static_cast<float>(dot);
  // |dot| < 2^31: in this range the product is an exact normal fp32 number, so that multiply and
  // add equal one FMA.
  if (exponent >= -126 && exponent <= 96) [[likely]]
    return acc + whole * std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
  return add_scaled_slow(acc, whole, exponent);
}

// `kRows` rows at once share the loads of x and keep as many independent sums. x is widened to 16
// bits because compilers know a 16-bit dot product in every instruction set (pmaddwd), an 8-bit one
// only in the newest.
template <int kRows>
SOLITON_INLINE void multiply_rows(const BfpMatrix& matrix, const BfpVector& vector,
                                  const std::int16_t* x, int row, float* out) {
  const std::size_t columns = static_cast<std::size_t>(matrix.columns);
  const std::size_t blocks = vector.exponents.size();
  const std::int8_t* row_of[kRows];
  for (int r = 0; r < kRows; ++r)
    row_of[r] = matrix.mantissas.data() + static_cast<std::size_t>(row + r) * columns;
  const std::int16_t* exponents = matrix.exponents.data() + static_cast<std::size_t>(row) * blocks;
  const int* starts = matrix.block_starts.data();
  float acc[kRows] = {};
  for (std::size_t block = 0; block < blocks; ++block) {
    const int first = starts[block];
    const int last = starts[block + 1];
    std::int32_t dot[kRows] = {};
    for (int k = first; k < last; ++k)
      for (int r = 0; r < kRows; ++r) dot[r] += static_cast<std::int16_t>(row_of[r][k]) * x[k];
    for (int r = 0; r < kRows; ++r)
      acc[r] = add_scaled(
          acc[r], dot[r],
          exponents[static_cast<std::size_t>(r) * blocks + block] + vector.exponents[block]);
  }
  // One NaN pattern, whatever operation made it.
  for (int r = 0; r < kRows; ++r)
    out[r] = acc[r] == acc[r] ? acc[r] : std::numeric_limits<float>::quiet_NaN();
}

SOLITON_INLINE void multiply_all(const BfpMatrix& matrix, const BfpVector& vector,
                                 std::span<float> out) {
  const std::vector<std::int16_t> x(vector.mantissas.begin(), vector.mantissas.end());
  int row = 0;
  for (; row + 4 <= matrix.rows; row += 4)
    multiply_rows<4>(matrix, vector, x.data(), row, out.data() + row);
  for (; row < matrix.rows; ++row)
    multiply_rows<1>(matrix, vector, x.data(), row, out.data() + row);
}

void multiply_baseline(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out) {
  multiply_all(matrix, vector, out);
}

// Runtime choice by hand rather than target_clones: its ifunc resolvers run before the sanitizers
// are ready.
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2"))) void multiply_avx2(const BfpMatrix& matrix, const BfpVector& vector,
                                                   std::span<float> out) {
  multiply_all(matrix, vector, out);
}
#endif

// The int32 sum of a block cannot overflow: 127 * 127 * 131072 < 2^31.
constexpr int kMaxLanes = 131072;

int longest_block(const BfpMatrix& matrix) {
  int longest = 0;
  for (std::size_t i = 1; i < matrix.block_starts.size(); ++i)
    longest = std::max(longest, matrix.block_starts[i] - matrix.block_starts[i - 1]);
  return longest;
}

}  // namespace

std::span<const MultiplyKernel> multiply_kernels() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const std::array kernels{
      MultiplyKernel{"baseline", true, multiply_baseline},
      MultiplyKernel{"avx2", __builtin_cpu_supports("avx2") != 0, multiply_avx2},
  };
#else
  static const std::array kernels{MultiplyKernel{"baseline", true, multiply_baseline}};
#endif
  return kernels;
}

void multiply(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out) {
  if (matrix.mantissas.empty() || !matrix.scales.empty())
    return multiply_reference(matrix, vector, out);
  SOLITON_CHECK(out.size() == static_cast<std::size_t>(matrix.rows));
  SOLITON_CHECK(vector.mantissas.size() == static_cast<std::size_t>(matrix.columns));
  SOLITON_CHECK(vector.exponents.size() == static_cast<std::size_t>(matrix.blocks_per_row()));
  SOLITON_CHECK(longest_block(matrix) <= kMaxLanes);
  SOLITON_CHECK(matrix.mantissas.size() == out.size() * vector.mantissas.size());
  SOLITON_CHECK(matrix.exponents.size() == out.size() * vector.exponents.size());
  if (vector.any_poisoned) {
    std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
    return;
  }
  const std::span<const MultiplyKernel> kernels = multiply_kernels();
  const auto fastest = std::find_if(kernels.rbegin(), kernels.rend(),
                                    [](const MultiplyKernel& kernel) { return kernel.supported; });
  fastest->run(matrix, vector, out);
}

}  // namespace soliton
