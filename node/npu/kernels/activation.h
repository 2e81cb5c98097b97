// A vector on its way into the matrix-vector unit: fp16 values, quantised to the blocks of a matrix
// and laid out as the kernels broadcast them (docs/numbers.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "node/npu/kernels/packed_matrix.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

class Activation {
 public:
  // Quantises `values`, one for each column of `matrix`. Memory is reused between calls.
  void quantise(std::span<const Half> values, const PackedMatrix& matrix);
  // Whether a product with `matrix` can use it without quantising it again.
  bool suits(const PackedMatrix& matrix) const { return layout_ == matrix.layout(); }

  // Number of blocks with a NaN or an infinity; a product with such a vector is NaN in every row.
  std::uint64_t poisoned_blocks() const { return poisoned_blocks_; }

  // ---- for the kernels ----
  // Bytes packing: 4 mantissas a step. Nibbles: 8 bytes a step, the mantissas x1 of columns k + 4
  // to k + 7, then 16 * x0 - x1 with x0 those of k to k + 3 (multiply_avx512.cc says why).
  const std::int8_t* lanes() const { return lanes_.data(); }
  // Shorts: a pair of 16-bit digits a step, digit after digit, each of all steps. Classes: the same
  // with classes, 0 in all but its own, and behind them the digits. Floats: an fp32 value a column.
  const std::int8_t* plane(int part) const {
    return lanes_.data() +
           static_cast<std::size_t>(part) * static_cast<std::size_t>(layout_.steps.back()) * 4;
  }
  const float* floats() const { return reference_.wide.data(); }
  // For Scale::kFloat: one scale for each block.
  const float* float_scales() const { return reference_.scales.data(); }
  // Classes: whether any element of the block is of the lowest class.
  const std::uint8_t* has_lowest() const { return has_lowest_.data(); }
  // Classes: the lowest digit that any element of the block has; the number of digits if all are
  // zero.
  const std::uint8_t* first_digit() const { return first_digit_.data(); }
  // Start value of a block's sum; it cancels the bias of the weights.
  const std::int32_t* initial() const { return initial_.data(); }
  // Scale exponent plus 127, less 4 under the nibbles packing, whose sums are 16 times too large:
  // bits of an fp32 exponent field, to which the weights' exponents are added.
  const std::int32_t* scales() const { return scales_.data(); }
  // Whether every scale of a product with `matrix` is a normal fp32 number.
  bool in_range(const PackedMatrix& matrix) const;
  // The same vector in the form of the scalar reference, for products that no kernel computes.
  const BfpVector& reference() const;

 private:
  void quantise_blocks();
  void quantise_wide();
  void split_block(std::size_t block);
  void quantise_block(std::size_t block);
  std::int32_t quantise_minifloats(std::span<const Half> values, std::int8_t* lanes, int& exponent);

  BlockLayout layout_;
  std::vector<Half> values_;
  std::vector<std::int8_t> lanes_;
  std::vector<std::int32_t> initial_;
  std::vector<std::int32_t> scales_;
  std::vector<std::uint8_t> has_lowest_, first_digit_;
  std::uint64_t poisoned_blocks_ = 0;
  int exponent_min_ = 0;
  int exponent_max_ = 0;
  BfpVector minifloats_;  // of one block
  mutable BfpVector reference_;
  mutable bool has_reference_ = false;
};

}  // namespace soliton
