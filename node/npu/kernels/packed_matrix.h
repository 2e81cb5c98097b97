// A weight matrix in the order in which the kernels read it, made once for each shard.
//
// Rows are packed in groups of 16, one row for each 32-bit lane of a 512-bit register, so no sum
// ever crosses lanes and every row is the running sum that the arithmetic contract describes
// (docs/numbers.md). A step is 64 bytes, 4 bytes a row:
//   bytes    4 columns, each mantissa + 128 (AVX-512 VNNI multiplies unsigned by signed) or signed
//            (AVX2)
//   nibbles  8 columns, each mantissa + 8: column k + j in the low half of byte j, k + 4 + j in the
//            high half
//   shorts   2 columns of 16 bits: integers of up to 15 bits, against a vector in digits
//   classes  2 columns of 16 bits: minifloats, see wide_elements.h
//   floats   a column of fp32: elements without a scale
// Blocks are padded with zero mantissas to whole steps, rows to whole groups. Four groups make a
// panel, whose steps are interleaved, so that a product reads memory sequentially from start to
// end. Matrices that no kernel reads (elements that fit none of these packings, or the scalar
// level) are left to the reference, multiply() of protocol/tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "node/npu/kernels/processor.h"
#include "node/npu/kernels/wide_elements.h"
#include "protocol/tensor/format.h"

namespace soliton {

inline constexpr int kGroupRows = 16;
inline constexpr int kStepBytes = 64;
inline constexpr int kPanelGroups = 4;

enum class Packing : std::uint8_t {
  kNone,     // the scalar reference multiplies
  kNibbles,  // mantissas of at most 3 bits, of weights and of activations
  kBytes,    // mantissas of at most 7 bits, biased by 128; also minifloats of at most 127 quanta
  kBytesSigned,
  kShorts,
  kClasses,
  kFloats,
};

// How columns become steps. Matrices with equal layouts can share a quantised activation.
struct BlockLayout {
  NumberFormat format;
  std::vector<int> starts;  // first column of each block, then the number of columns
  std::vector<int> steps;   // first step of each block, then the number of steps
  Packing packing = Packing::kNone;
  WideElements wide;  // for kShorts and kClasses

  std::size_t blocks() const { return starts.size() - 1; }
  int step_columns() const {
    switch (packing) {
      case Packing::kNibbles:
        return 8;
      case Packing::kShorts:
      case Packing::kClasses:
        return 2;
      case Packing::kFloats:
        return 1;
      default:
        return 4;
    }
  }
  bool operator==(const BlockLayout&) const = default;
};

// Memory aligned to cache lines.
struct FreeDeleter {
  void operator()(void* memory) const;
};
template <typename T>
using AlignedArray = std::unique_ptr<T[], FreeDeleter>;

class PackedMatrix {
 public:
  // `matrix` must outlive the object and not change.
  explicit PackedMatrix(const BfpMatrix& matrix, KernelLevel level = best_kernel_level());

  const BfpMatrix& source() const { return *source_; }
  const BlockLayout& layout() const { return layout_; }
  KernelLevel level() const { return level_; }
  int rows() const { return source_->rows; }
  int columns() const { return source_->columns; }
  int groups() const { return (rows() + kGroupRows - 1) / kGroupRows; }
  // Bytes that a product reads: weights and scales.
  std::size_t bytes() const;

  // The first step of a group. Each further step is panel_groups(group) * kStepBytes behind.
  const std::uint8_t* weights(int group) const { return weights_.get() + weights_offset(group); }
  // Exponents of integer mantissas: 16 for each block; those of the next block are
  // panel_groups(group) * kGroupRows behind. They are 0 for blocks that are all zero.
  const std::int8_t* exponents(int group) const {
    return exponents_.get() + exponents_offset(group);
  }
  // Scales for Scale::kFloat, laid out as exponents(); null otherwise.
  const float* scales(int group) const {
    return scales_ ? scales_.get() + exponents_offset(group) : nullptr;
  }
  // kClasses: whether any weight of the panel of `group` is of the lowest class, block by block.
  const std::uint8_t* has_lowest(int group) const {
    return has_lowest_.data() + static_cast<std::size_t>(group / kPanelGroups) * layout_.blocks();
  }
  // kClasses: whether all weights of the group are shorts, block by block.
  const std::uint8_t* is_short(int group) const {
    return is_short_.data() + static_cast<std::size_t>(group) * layout_.blocks();
  }
  // Groups in the panel of `group`: fewer than kPanelGroups in the last panel.
  int panel_groups(int group) const {
    const int first = group / kPanelGroups * kPanelGroups;
    return groups() - first < kPanelGroups ? groups() - first : kPanelGroups;
  }
  std::size_t steps() const { return static_cast<std::size_t>(layout_.steps.back()); }
  int exponent_min() const { return exponent_min_; }
  int exponent_max() const { return exponent_max_; }

 private:
  std::size_t weights_offset(int group) const;
  std::size_t exponents_offset(int group) const;
  void pack_row(int row);
  void pack_wide_row(int row);
  void find_shorts(int row);

  const BfpMatrix* source_;
  KernelLevel level_;
  BlockLayout layout_;
  AlignedArray<std::uint8_t> weights_;
  AlignedArray<std::int8_t> exponents_;
  AlignedArray<float> scales_;
  std::vector<std::uint8_t> has_lowest_;
  std::vector<std::uint8_t> is_short_;
  int exponent_min_ = 0;
  int exponent_max_ = 0;
};

}  // namespace soliton
