#include "node/npu/kernels/packed_matrix.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace soliton {
namespace {

constexpr int kByteBias = 128;
constexpr int kNibbleBias = 8;

template <typename T>
AlignedArray<T> aligned_array(std::size_t count) {
  const std::size_t bytes = (count * sizeof(T) + kStepBytes - 1) / kStepBytes * kStepBytes;
  void* memory = std::aligned_alloc(kStepBytes, std::max<std::size_t>(bytes, kStepBytes));
  if (memory == nullptr) throw std::bad_alloc();
  return AlignedArray<T>(static_cast<T*>(memory));
}

// The largest exponent that can be held beside a row's mantissas.
bool fits_exponents(const BfpMatrix& matrix) {
  return std::ranges::all_of(matrix.exponents,
                             [](std::int16_t e) { return e >= -128 && e <= 127; });
}

Packing packing_for(const BfpMatrix& matrix, KernelLevel level) {
  const NumberFormat& format = matrix.format;
  const bool narrow = has_narrow_elements(format) && format.scale() == Scale::kPowerOfTwo;
  if (level == KernelLevel::kScalar || !narrow || !fits_exponents(matrix)) return Packing::kNone;
  if (format.exponent_bits == 0 && format.mantissa_bits <= 3) return Packing::kNibbles;
  return level == KernelLevel::kAvx2 ? Packing::kBytesSigned : Packing::kBytes;
}

BlockLayout layout_of(const BfpMatrix& matrix, Packing packing) {
  BlockLayout layout{matrix.format, matrix.block_starts, {0}, packing};
  for (std::size_t block = 0; block + 1 < layout.starts.size(); ++block) {
    const int columns = layout.starts[block + 1] - layout.starts[block];
    const int steps = (columns + layout.step_columns() - 1) / layout.step_columns();
    layout.steps.push_back(layout.steps.back() + steps);
  }
  return layout;
}

}  // namespace

void FreeDeleter::operator()(void* memory) const { std::free(memory); }

PackedMatrix::PackedMatrix(const BfpMatrix& matrix, KernelLevel level)
    : source_(&matrix), level_(level), layout_(layout_of(matrix, packing_for(matrix, level))) {
  if (layout_.packing == Packing::kNone) return;
  const auto groups = static_cast<std::size_t>(this->groups());
  weights_ = aligned_array<std::uint8_t>(groups * steps() * kStepBytes);
  exponents_ = aligned_array<std::int8_t>(groups * layout_.blocks() * kGroupRows);
  exponent_min_ = 127;
  exponent_max_ = -128;
  // Rows and columns that are only padding hold zero mantissas.
  const std::uint8_t zero = layout_.packing == Packing::kNibbles ? kNibbleBias * 0x11
                            : layout_.packing == Packing::kBytes ? kByteBias
                                                                 : 0;
  std::memset(weights_.get(), zero, groups * steps() * kStepBytes);
  std::memset(exponents_.get(), 0, groups * layout_.blocks() * kGroupRows);
  for (int row = 0; row < rows(); ++row) pack_row(row);
  if (exponent_min_ > exponent_max_) exponent_min_ = exponent_max_ = 0;  // nothing but zeros
}

std::size_t PackedMatrix::bytes() const {
  const auto groups = static_cast<std::size_t>(this->groups());
  return groups * (steps() * kStepBytes + layout_.blocks() * kGroupRows);
}

std::size_t PackedMatrix::weights_offset(int group) const {
  const auto panel = static_cast<std::size_t>(group / kPanelGroups * kPanelGroups);
  const auto within = static_cast<std::size_t>(group % kPanelGroups);
  return (panel * steps() + within) * kStepBytes;
}

std::size_t PackedMatrix::exponents_offset(int group) const {
  const auto panel = static_cast<std::size_t>(group / kPanelGroups * kPanelGroups);
  const auto within = static_cast<std::size_t>(group % kPanelGroups);
  return (panel * layout_.blocks() + within) * kGroupRows;
}

void PackedMatrix::pack_row(int row) {
  const int group = row / kGroupRows;
  const int lane = row % kGroupRows;
  const std::size_t step_stride = static_cast<std::size_t>(panel_groups(group)) * kStepBytes;
  const std::size_t block_stride = static_cast<std::size_t>(panel_groups(group)) * kGroupRows;
  std::uint8_t* weights = weights_.get() + weights_offset(group) + lane * 4;
  std::int8_t* exponents = exponents_.get() + exponents_offset(group) + lane;
  const std::int8_t* mantissas =
      source_->mantissas.data() + static_cast<std::size_t>(row) * source_->columns;
  const std::int16_t* row_exponents =
      source_->exponents.data() + static_cast<std::size_t>(row) * layout_.blocks();
  const bool nibbles = layout_.packing == Packing::kNibbles;
  const int bias = layout_.packing == Packing::kBytes ? kByteBias : 0;
  for (std::size_t block = 0; block < layout_.blocks(); ++block) {
    std::uint8_t* first = weights + static_cast<std::size_t>(layout_.steps[block]) * step_stride;
    bool zero = true;
    for (int k = layout_.starts[block]; k < layout_.starts[block + 1]; ++k) {
      const int at = k - layout_.starts[block];
      const int mantissa = mantissas[k];
      zero = zero && mantissa == 0;
      if (nibbles) {
        std::uint8_t& byte = first[static_cast<std::size_t>(at / 8) * step_stride + at % 4];
        const int shift = at % 8 < 4 ? 0 : 4;
        byte = static_cast<std::uint8_t>((byte & ~(0xf << shift)) |
                                         ((mantissa + kNibbleBias) << shift));
      } else {
        first[static_cast<std::size_t>(at / 4) * step_stride + at % 4] =
            static_cast<std::uint8_t>(mantissa + bias);
      }
    }
    // The scale of a zero adds nothing, but could push the others out of the fast range.
    if (zero) continue;
    exponents[block * block_stride] = static_cast<std::int8_t>(row_exponents[block]);
    exponent_min_ = std::min<int>(exponent_min_, row_exponents[block]);
    exponent_max_ = std::max<int>(exponent_max_, row_exponents[block]);
  }
}

}  // namespace soliton
