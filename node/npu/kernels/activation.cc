#include "node/npu/kernels/activation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <numeric>

#include "node/npu/kernels/quantise_block.h"
#include "protocol/base/check.h"
#include "protocol/tensor/block_scale.h"

namespace soliton {
namespace {

constexpr int kFloatBias = 127;
constexpr int kNibbleExcess = 4;  // log2 of what the nibbles packing multiplies sums by

std::uint32_t float_bits(Half magnitude) {
  return std::bit_cast<std::uint32_t>(to_float(magnitude));
}

}  // namespace

void Activation::quantise(std::span<const Half> values, const PackedMatrix& matrix) {
  SOLITON_CHECK(values.size() == static_cast<std::size_t>(matrix.source().columns));
  if (!suits(matrix)) layout_ = matrix.layout();
  values_.assign(values.begin(), values.end());
  has_reference_ = false;
  poisoned_blocks_ = 0;
  switch (layout_.packing) {
    case Packing::kNibbles:
    case Packing::kBytes:
    case Packing::kBytesSigned:
      return quantise_blocks();
    case Packing::kShorts:
    case Packing::kClasses:
      return quantise_wide();
    // fp32 elements are multiplied as they are, and what no kernel multiplies goes to the
    // reference.
    default:
      break;
  }
  const BfpVector& quantised = reference();
  poisoned_blocks_ = static_cast<std::uint64_t>(std::ranges::count(quantised.poisoned, true));
}

void Activation::quantise_blocks() {
  // A byte a column, and the last block is written in whole chunks.
  lanes_.resize(static_cast<std::size_t>(layout_.steps.back() * layout_.step_columns()) +
                kQuantiseChunk);
  initial_.resize(layout_.blocks());
  scales_.resize(layout_.blocks());
  exponent_min_ = 127;
  exponent_max_ = -128;
  for (std::size_t block = 0; block < layout_.blocks(); ++block) quantise_block(block);
  if (exponent_min_ > exponent_max_) exponent_min_ = exponent_max_ = 0;
}

// Through the scalar quantiser, then cut into what the kernels multiply.
void Activation::quantise_wide() {
  const BfpVector& quantised = reference();
  poisoned_blocks_ = static_cast<std::uint64_t>(std::ranges::count(quantised.poisoned, true));
  const WideElements& wide = layout_.wide;
  const int planes = wide.classes + wide.digits;
  // Cleared, because split_block() stores only the parts that are not zero.
  lanes_.assign(
      static_cast<std::size_t>(layout_.steps.back()) * 4 * static_cast<std::size_t>(planes), 0);
  scales_.assign(layout_.blocks(), 0);
  has_lowest_.assign(layout_.blocks(), 0);
  first_digit_.assign(layout_.blocks(), static_cast<std::uint8_t>(wide.digits));
  exponent_min_ = 127;
  exponent_max_ = -128;
  for (std::size_t block = 0; block < layout_.blocks(); ++block) split_block(block);
  if (exponent_min_ > exponent_max_) exponent_min_ = exponent_max_ = 0;
}

void Activation::split_block(std::size_t block) {
  const BfpVector& quantised = reference_;
  const WideElements& wide = layout_.wide;
  const std::size_t plane_bytes = static_cast<std::size_t>(layout_.steps.back()) * 4;
  const std::uint64_t mask = (std::uint64_t{1} << wide.digit_bits) - 1;
  bool zero = true;
  for (int k = layout_.starts[block]; k < layout_.starts[block + 1]; ++k) {
    const auto column = static_cast<std::size_t>(k);
    // An element is a whole number of quanta, which a float holds exactly: no significand has more
    // than 24 bits.
    const auto quanta = static_cast<std::int64_t>(
        quantised.wide.empty() ? static_cast<float>(quantised.mantissas[column])
                               : quantised.wide[column]);
    if (quanta == 0) continue;
    zero = false;
    std::int8_t* at = lanes_.data() + layout_.steps[block] * std::ptrdiff_t{4} +
                      (k - layout_.starts[block]) * std::ptrdiff_t{2};
    const auto store = [&](int plane, int value) {
      const auto half = static_cast<std::int16_t>(value);
      std::memcpy(at + static_cast<std::size_t>(plane) * plane_bytes, &half, sizeof half);
    };
    if (wide.classes > 0) {
      const WideElements::Part part = wide.part_of(quanta);
      if (part.part_class == 0) has_lowest_[block] = 1;
      store(part.part_class, part.value);
    }
    // The digits of a magnitude, each with the sign of the element: all are below 2^digit_bits in
    // magnitude, on which the bound of the sums in wide_elements.h rests. Digits of a two's
    // complement would not be symmetric.
    const auto magnitude = static_cast<std::uint64_t>(std::abs(quanta));
    for (int digit = 0; digit < wide.digits; ++digit) {
      const auto value = static_cast<int>((magnitude >> (digit * wide.digit_bits)) & mask);
      if (value == 0) continue;
      store(wide.classes + digit, quanta < 0 ? -value : value);
      first_digit_[block] = std::min(first_digit_[block], static_cast<std::uint8_t>(digit));
    }
  }
  if (quantised.exponents.empty()) return;
  // The scale of a zero block adds nothing, but could push the others out of the fast range.
  const int exponent = zero ? 0 : quantised.exponents[block];
  if (!zero) {
    exponent_min_ = std::min(exponent_min_, exponent);
    exponent_max_ = std::max(exponent_max_, exponent);
  }
  scales_[block] =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(exponent + kFloatBias) << 23);
}

// Elements with a grid of their own, by the scalar quantiser.
std::int32_t Activation::quantise_minifloats(std::span<const Half> values, std::int8_t* lanes,
                                             int& exponent) {
  const std::array<int, 2> starts{0, static_cast<int>(values.size())};
  quantise_activation(values, layout_.format, starts, minifloats_);
  clear_lanes(values.size(), lanes);
  std::ranges::copy(minifloats_.mantissas, lanes);
  exponent = minifloats_.exponents.front();
  return std::accumulate(minifloats_.mantissas.begin(), minifloats_.mantissas.end(),
                         std::int32_t{0});
}

void Activation::quantise_block(std::size_t block) {
  const int first = layout_.starts[block];
  const std::span<const Half> values = std::span<const Half>(values_).subspan(
      static_cast<std::size_t>(first), static_cast<std::size_t>(layout_.starts[block + 1] - first));
  const bool nibbles = layout_.packing == Packing::kNibbles;
  std::int8_t* lanes = lanes_.data() + layout_.steps[block] * layout_.step_columns();
  const Half largest = largest_magnitude(values);
  const BlockScale scale = block_scale(float_bits(largest), layout_.format);
  if (scale.poison != Poison::kNone) ++poisoned_blocks_;
  // Exponent of the quantum (docs/numbers.md, "The quantiser", step 4).
  int exponent = scale.exponent - (layout_.format.mantissa_bits - 1);
  std::int32_t sum = 0;
  if (largest == 0 || scale.poison != Poison::kNone) {
    // The scale of a zero block adds nothing, but could push the others out of the fast range.
    exponent = 0;
    clear_lanes(values.size(), lanes);
  } else if (layout_.format.exponent_bits != 0) {
    sum = quantise_minifloats(values, lanes, exponent);
  } else {
    // A normal number: magnitudes of fp16 lie between 2^-24 and 2^16, so the exponent is far from
    // the ends of fp32.
    const float inverse_quantum =
        std::bit_cast<float>(static_cast<std::uint32_t>(kFloatBias - exponent) << 23);
    const float limit = static_cast<float>((1 << layout_.format.mantissa_bits) - 1);
    sum = nibbles ? quantise_nibbles(values, inverse_quantum, limit, lanes)
                  : quantise_bytes(values, inverse_quantum, limit, lanes);
  }
  if (largest != 0 && scale.poison == Poison::kNone) {
    exponent_min_ = std::min(exponent_min_, exponent);
    exponent_max_ = std::max(exponent_max_, exponent);
  }
  // A stored weight is w + b, and the sum of (w + b) * x is that of w * x plus b times the sum of
  // x. With nibbles every sum is 16 times as large.
  const int bias = layout_.packing == Packing::kBytes ? 128 : nibbles ? 8 * 16 : 0;
  initial_[block] = -bias * sum;
  // In unsigned arithmetic: with the weights' part added the field is that of a normal number.
  scales_[block] = static_cast<std::int32_t>(
      static_cast<std::uint32_t>(exponent + kFloatBias - (nibbles ? kNibbleExcess : 0)) << 23);
}

// The kernels add exponents as bit fields, so the scale of every pair of blocks must be a normal
// fp32 number. The extremes of both sides bound all pairs; vectors beyond them go to the reference.
bool Activation::in_range(const PackedMatrix& matrix) const {
  if (layout_.format.scale() != Scale::kPowerOfTwo) return true;
  const int excess = layout_.packing == Packing::kNibbles ? kNibbleExcess : 0;
  return exponent_min_ + matrix.exponent_min() - excess >= -126 &&
         exponent_max_ + matrix.exponent_max() <= 127 &&
         // Zero blocks stand at exponent 0.
         exponent_min_ - excess >= -126 && matrix.exponent_min() - excess >= -126;
}

const BfpVector& Activation::reference() const {
  // Made on first use: the kernels for bytes and nibbles do without it.
  if (!has_reference_) quantise_activation(values_, layout_.format, layout_.starts, reference_);
  has_reference_ = true;
  return reference_;
}

}  // namespace soliton
