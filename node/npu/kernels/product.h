// Matrix times vector with fp32 sums: the arithmetic contract of docs/numbers.md at the speed of
// memory. The result has the same bits on every processor and for every split of the rows.
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

// A range of whole groups of kGroupRows rows. A product may be cut between any two groups, over
// threads or calls.
struct GroupRange {
  int first = 0;
  int last = 0;
};

// sums[r] = row r times the vector. Every row is the canonical NaN when a block of the vector is
// poisoned. REQUIRES: x.suits(matrix), sums.size() == matrix.rows().
void multiply(const PackedMatrix& matrix, const Activation& x, std::span<float> sums);
// The same, from the present `sums` on in place of zeros: those of the columns before these.
void multiply_onto(const PackedMatrix& matrix, const Activation& x, std::span<float> sums);
// Computes only the rows of these groups and leaves the others of `sums` as they are. Threads that
// share `x` must call x.reference() first, because it is built on first use.
void multiply(const PackedMatrix& matrix, const Activation& x, GroupRange groups,
              std::span<float> sums);

// Multiplies several vectors by one matrix that is read once: sums[v] belongs to xs[v]. The bits
// are those of one call for each vector. REQUIRES: at most kVectorsAtOnce vectors.
inline constexpr std::size_t kVectorsAtOnce = 4;
void multiply(const PackedMatrix& matrix, std::span<const Activation* const> xs,
              std::span<float* const> sums);

// ---- one level each, for dispatch ----
// A product in the fast range: a packed matrix, no poisoned block, every scale a normal number.
struct ProductJob {
  const PackedMatrix& matrix;
  std::span<const Activation* const> xs;
  // Whole groups, from the first row of groups.first: where the sums start, and then the results.
  std::span<float* const> sums;
  GroupRange groups;
};
void multiply_avx2(const ProductJob& job);
void multiply_avx512(const ProductJob& job);
// Packings for elements of more than 7 bits, and for those with an fp32 scale or none.
void multiply_wide_avx2(const ProductJob& job);
void multiply_wide_avx512(const ProductJob& job);

}  // namespace soliton
