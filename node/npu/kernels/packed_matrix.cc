#include "node/npu/kernels/packed_matrix.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace soliton {
namespace {

constexpr int kByteBias = 128;
constexpr int kNibbleBias = 8;

// std::aligned_alloc() takes whole multiples of the alignment only. 64 bytes are a cache line and a
// step: no load of a step touches two lines.
template <typename T>
AlignedArray<T> aligned_array(std::size_t count) {
  const std::size_t bytes = (count * sizeof(T) + kStepBytes - 1) / kStepBytes * kStepBytes;
  void* memory = std::aligned_alloc(kStepBytes, std::max<std::size_t>(bytes, kStepBytes));
  if (memory == nullptr) throw std::bad_alloc();
  return AlignedArray<T>(static_cast<T*>(memory));
}

// Whether exponents beside a row's mantissas can be held in a byte. Those of blocks of zeros do not
// count: a zero has any scale.
bool fits_exponents(const BfpMatrix& matrix) {
  const auto blocks = static_cast<std::size_t>(matrix.blocks_per_row());
  for (std::size_t i = 0; i < matrix.exponents.size(); ++i) {
    if (matrix.exponents[i] >= -128 && matrix.exponents[i] <= 127) continue;
    const std::size_t row = i / blocks * static_cast<std::size_t>(matrix.columns);
    const auto first = row + static_cast<std::size_t>(matrix.block_starts[i % blocks]);
    const auto last = row + static_cast<std::size_t>(matrix.block_starts[i % blocks + 1]);
    for (std::size_t k = first; k < last; ++k)
      if (matrix.mantissas.empty() ? matrix.wide[k] != 0 : matrix.mantissas[k] != 0) return false;
  }
  return true;
}

int longest_block(const BfpMatrix& matrix) {
  int longest = 1;
  for (std::size_t i = 1; i < matrix.block_starts.size(); ++i)
    longest = std::max(longest, matrix.block_starts[i] - matrix.block_starts[i - 1]);
  return longest;
}

struct Chosen {
  Packing packing = Packing::kNone;
  WideElements wide;
};

// The packing with the fewest bytes whose sums are exact, since a product is bound by the memory
// that it reads. Nibbles need 3 bits on both sides, which they have: activations are quantised to
// the format of the weights. AVX2 keeps bytes signed because its product of unsigned and signed
// bytes adds pairs in 16 bits, which weights biased by 128 would overflow.
Chosen packing_for(const BfpMatrix& matrix, KernelLevel level) {
  const NumberFormat& format = matrix.format;
  if (level == KernelLevel::kScalar || matrix.elements() == 0) return {};
  if (format.scale() == Scale::kNone) return {Packing::kFloats, {}};
  if (!fits_exponents(matrix)) return {};
  if (has_narrow_elements(format) && format.scale() == Scale::kPowerOfTwo) {
    if (format.exponent_bits == 0 && format.mantissa_bits <= 3) return {Packing::kNibbles, {}};
    return {level == KernelLevel::kAvx2 ? Packing::kBytesSigned : Packing::kBytes, {}};
  }
  const int longest = longest_block(matrix);
  if (const auto shorts = as_shorts(format, longest)) return {Packing::kShorts, *shorts};
  if (const auto classes = as_classes(format, longest)) return {Packing::kClasses, *classes};
  return {};
}

BlockLayout layout_of(const BfpMatrix& matrix, const Chosen& chosen) {
  // Every block begins with a new step, so no step mixes blocks of different scales.
  BlockLayout layout{matrix.format, matrix.block_starts, {0}, chosen.packing, chosen.wide};
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
  const std::size_t places = groups * layout_.blocks() * kGroupRows;
  std::memset(exponents_.get(), 0, places);
  if (matrix.format.scale() == Scale::kFloat) {
    scales_ = aligned_array<float>(places);
    std::fill_n(scales_.get(), places, 0.0F);
  }
  const std::size_t panels = (groups + kPanelGroups - 1) / kPanelGroups;
  // All rows of a group share the decision whether a block is stored as shorts, so all of them are
  // looked at before the first is packed. Without digits no block is: its sums would not fit.
  if (layout_.packing == Packing::kClasses) {
    has_lowest_.resize(panels * layout_.blocks());
    is_short_.resize(groups * layout_.blocks(), layout_.wide.digits > 0);
    for (int row = 0; row < rows(); ++row) find_shorts(row);
  }
  const bool wide = layout_.packing == Packing::kShorts || layout_.packing == Packing::kClasses ||
                    layout_.packing == Packing::kFloats;
  for (int row = 0; row < rows(); ++row) wide ? pack_wide_row(row) : pack_row(row);
  if (exponent_min_ > exponent_max_) exponent_min_ = exponent_max_ = 0;  // nothing but zeros
}

std::size_t PackedMatrix::bytes() const {
  const auto groups = static_cast<std::size_t>(this->groups());
  return groups * (steps() * kStepBytes + layout_.blocks() * kGroupRows);
}

// All panels before that of `group` are full, so a group's offset needs no sum over them.
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
        // Replaces the zero mantissa that the constructor has put into this half of the byte.
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

// One weight that is no multiple of the shorts' unit is enough to store the block of all 16 rows in
// classes.
void PackedMatrix::find_shorts(int row) {
  std::uint8_t* flags =
      is_short_.data() + static_cast<std::size_t>(row / kGroupRows) * layout_.blocks();
  const float* elements = source_->wide.data() + static_cast<std::size_t>(row) * source_->columns;
  for (std::size_t block = 0; block < layout_.blocks(); ++block)
    for (int k = layout_.starts[block]; k < layout_.starts[block + 1] && flags[block] != 0; ++k)
      if (!layout_.wide.is_short(static_cast<std::int64_t>(elements[k]))) flags[block] = 0;
}

void PackedMatrix::pack_wide_row(int row) {
  const int group = row / kGroupRows;
  const int lane = row % kGroupRows;
  const std::size_t step_stride = static_cast<std::size_t>(panel_groups(group)) * kStepBytes;
  const std::size_t block_stride = static_cast<std::size_t>(panel_groups(group)) * kGroupRows;
  std::uint8_t* weights = weights_.get() + weights_offset(group) + lane * 4;
  const std::size_t first_element = static_cast<std::size_t>(row) * source_->columns;
  const std::size_t first_block = static_cast<std::size_t>(row) * layout_.blocks();
  const bool narrow = source_->wide.empty();
  for (std::size_t block = 0; block < layout_.blocks(); ++block) {
    std::uint8_t* at = weights + static_cast<std::size_t>(layout_.steps[block]) * step_stride;
    bool zero = true, lowest = false;
    for (int k = layout_.starts[block]; k < layout_.starts[block + 1]; ++k) {
      const std::size_t element = first_element + static_cast<std::size_t>(k);
      const float value =
          narrow ? static_cast<float>(source_->mantissas[element]) : source_->wide[element];
      zero = zero && value == 0;
      const int column = k - layout_.starts[block];
      if (layout_.packing == Packing::kFloats) {
        std::memcpy(at + static_cast<std::size_t>(column) * step_stride, &value, sizeof value);
        continue;
      }
      auto stored = static_cast<std::int16_t>(value);
      if (layout_.packing == Packing::kClasses && is_short(group)[block] != 0) {
        stored =
            static_cast<std::int16_t>(static_cast<std::int64_t>(value) >> layout_.wide.short_shift);
      } else if (layout_.packing == Packing::kClasses) {
        const WideElements::Part part = layout_.wide.part_of(static_cast<std::int64_t>(value));
        lowest = lowest || part.part_class == 0;
        // 13 bits of magnitude, a sign and 2 bits of class fill the 16.
        stored = static_cast<std::int16_t>(part.value * 4 + part.part_class);
      }
      std::memcpy(at + static_cast<std::size_t>(column / 2) * step_stride + column % 2 * 2, &stored,
                  sizeof stored);
    }
    // Kept by panel, as a kernel handles the four groups of a panel in one loop.
    if (lowest)
      has_lowest_[static_cast<std::size_t>(group / kPanelGroups) * layout_.blocks() + block] = 1;
    const std::size_t place =
        exponents_offset(group) + static_cast<std::size_t>(lane) + block * block_stride;
    if (scales_) scales_[place] = source_->scales[first_block + block];
    // The scale of a zero adds nothing, but could push the others out of the fast range.
    if (zero || source_->exponents.empty()) continue;
    const int exponent = source_->exponents[first_block + block];
    exponents_[place] = static_cast<std::int8_t>(exponent);
    exponent_min_ = std::min(exponent_min_, exponent);
    exponent_max_ = std::max(exponent_max_, exponent);
  }
}

}  // namespace soliton
