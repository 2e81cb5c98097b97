// Matrix times vector, fp32 sums: the arithmetic contract of the numerics page, section 3, at the
// speed of memory. The same bits on every processor, for every split of the rows.
//
//   PackedMatrix weights(matrix);
//   Activation x;
//   x.quantise(halves, weights);
//   multiply(weights, x, sums);
#pragma once

#include <span>

#include "node/npu/kernels/activation.h"
#include "node/npu/kernels/packed_matrix.h"

namespace soliton {

// Whole groups of kGroupRows rows: a product may be cut at any of them, over threads or calls.
struct GroupRange {
  int first = 0;
  int last = 0;
};

// sums[r] = row r times the vector. Every row is the canonical NaN when a block of the vector is
// poisoned. REQUIRES: x.suits(matrix), sums.size() == matrix.rows().
void multiply(const PackedMatrix& matrix, const Activation& x, std::span<float> sums);
// The rows of these groups only; the others of `sums` are left as they are. Threads that share `x`
// call x.reference() first, which is made on first use.
void multiply(const PackedMatrix& matrix, const Activation& x, GroupRange groups,
              std::span<float> sums);

// Several vectors against one matrix, read once: sums[v] belongs to xs[v]. The same bits as one
// call a vector. REQUIRES: at most kVectorsAtOnce vectors.
inline constexpr std::size_t kVectorsAtOnce = 4;
void multiply(const PackedMatrix& matrix, std::span<const Activation* const> xs,
              std::span<float* const> sums);

// ---- one level each, for dispatch ----
// A product in the fast range: packed matrix, no poisoned block, every scale a normal number.
struct ProductJob {
  const PackedMatrix& matrix;
  std::span<const Activation* const> xs;
  std::span<float* const> sums;  // whole groups, from the first row of groups.first
  GroupRange groups;
};
void multiply_avx2(const ProductJob& job);
void multiply_avx512(const ProductJob& job);
// Packings of elements of more than 7 bits, and those with an fp32 scale or none.
void multiply_wide_avx2(const ProductJob& job);
void multiply_wide_avx512(const ProductJob& job);

}  // namespace soliton
