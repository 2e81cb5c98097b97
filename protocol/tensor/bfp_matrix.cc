// Integer-mantissa blocks: weights once when a shard is made, activations at every matrix product.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/check.h"
#include "protocol/tensor/block_scale.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

namespace {

// Adding and subtracting 1.5 * 2^52 leaves a double of small magnitude rounded to a whole number,
// half to even.
constexpr double kRoundToWhole = 0x1.8p52;

double power_of_two(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

// The element steps of quantise_block() for integer elements, without branches: `value /
// 2^exponent` is exact in double, and clamping before the rounding to a whole number gives the same
// integers as clamping after it.
template <Rounding kRounding>
void round_mantissas(std::span<const float> values, double inverse_quantum, double largest,
                     std::int8_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scaled = static_cast<double>(values[i]) * inverse_quantum;
    double magnitude = std::min(std::fabs(scaled), largest);
    if constexpr (kRounding == Rounding::kEven)
      magnitude = magnitude + kRoundToWhole - kRoundToWhole;
    if constexpr (kRounding == Rounding::kNearest)
      magnitude += 0.5;  // the conversion to an integer truncates
    const int whole = static_cast<int>(magnitude);
    out[i] = static_cast<std::int8_t>(scaled < 0 ? -whole : whole);
  }
}

// Exponents count from the integer mantissa: value = mantissa * 2^exponent.
int mantissa_exponent(const BlockScale& scale, const NumberFormat& format) {
  return scale.exponent - (format.mantissa_bits - 1);
}

std::uint32_t largest_magnitude(std::span<const float> values) {
  std::uint32_t largest = 0;
  for (const float value : values)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7fffffffu);
  return largest;
}

// REQUIRES: no poison.
void quantise_integers(std::span<const float> values, const BlockScale& scale,
                       const NumberFormat& format, Rounding rounding, std::int8_t* out) {
  if (scale.flushed) {
    std::fill_n(out, values.size(), std::int8_t{0});
    return;
  }
  const double inverse_quantum = power_of_two(-mantissa_exponent(scale, format));
  const double largest = (1 << format.mantissa_bits) - 1;
  switch (rounding) {
    case Rounding::kEven:
      return round_mantissas<Rounding::kEven>(values, inverse_quantum, largest, out);
    case Rounding::kNearest:
      return round_mantissas<Rounding::kNearest>(values, inverse_quantum, largest, out);
    case Rounding::kFloor:
      return round_mantissas<Rounding::kFloor>(values, inverse_quantum, largest, out);
  }
}

Error poisoned_weights(const BfpMatrix& matrix, const std::string& name, int row, int block,
                       Poison poison) {
  const auto first = matrix.block_starts[static_cast<std::size_t>(block)];
  const auto last = matrix.block_starts[static_cast<std::size_t>(block) + 1] - 1;
  const int limit = (1 << (matrix.format.scale_bits - 1)) - 1;
  const std::string what = poison == Poison::kNan ? "a weight is not a number"
                           : poison == Poison::kInfinity
                               ? "a weight is infinite"
                               : fmt::format(
                                     "a weight is too large for the shared exponent "
                                     "of {} (at most {})",
                                     matrix.format.name, limit);
  return {ErrorCode::kInvalid, fmt::format("tensor \"{}\", row {}, block {} (columns {} to {}): {}",
                                           name, row, block, first, last, what)};
}

bool integer_elements(const NumberFormat& format) {
  return format.exponent_bits == 0 && format.mantissa_bits >= 1 && format.mantissa_bits <= 7;
}

}  // namespace

std::vector<int> block_borders(int columns, const NumberFormat& format, int native_dim) {
  SOLITON_CHECK(native_dim > 0 && format.block >= 0);
  const int block = format.block == 0 ? native_dim : format.block;
  std::vector<int> starts;
  for (int tile = 0; tile < columns; tile += native_dim) {
    const int end = std::min(tile + native_dim, columns);
    for (int start = tile; start < end; start += block) starts.push_back(start);
  }
  starts.push_back(columns);
  return starts;
}

Result<BfpMatrix> quantise_matrix(std::span<const float> weights, int rows, int columns,
                                  const NumberFormat& format, int native_dim,
                                  const std::string& name) {
  if (!integer_elements(format))
    return invalid(fmt::format(
        "number format {}: the matrix-vector unit takes integer elements of 1 to 7 magnitude bits",
        format.name));
  SOLITON_CHECK(rows >= 0 && columns >= 0);
  const std::size_t stride = static_cast<std::size_t>(columns);
  SOLITON_CHECK(weights.size() == static_cast<std::size_t>(rows) * stride);
  BfpMatrix matrix{format, rows, columns, block_borders(columns, format, native_dim), {}, {}};
  const int blocks = matrix.blocks_per_row();
  matrix.mantissas.resize(weights.size());
  matrix.exponents.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(blocks));
  for (int row = 0; row < rows; ++row) {
    for (int block = 0; block < blocks; ++block) {
      const auto first =
          static_cast<std::size_t>(matrix.block_starts[static_cast<std::size_t>(block)]);
      const auto last =
          static_cast<std::size_t>(matrix.block_starts[static_cast<std::size_t>(block) + 1]);
      const std::size_t offset = static_cast<std::size_t>(row) * stride + first;
      const std::span<const float> values = weights.subspan(offset, last - first);
      const BlockScale scale = block_scale(largest_magnitude(values), format);
      if (scale.poison != Poison::kNone)
        return tl::unexpected<Error>(poisoned_weights(matrix, name, row, block, scale.poison));
      quantise_integers(values, scale, format, format.rounding, matrix.mantissas.data() + offset);
      matrix.exponents.push_back(static_cast<std::int16_t>(mantissa_exponent(scale, format)));
    }
  }
  return matrix;
}

void quantise_activation(std::span<const std::uint16_t> values, const NumberFormat& format,
                         std::span<const int> block_starts, BfpVector& out) {
  SOLITON_CHECK(integer_elements(format));
  SOLITON_CHECK(!block_starts.empty() &&
                static_cast<std::size_t>(block_starts.back()) == values.size());
  out.mantissas.resize(values.size());
  out.exponents.clear();
  out.poisoned.clear();
  out.any_poisoned = false;
  float chunk[256];
  for (std::size_t block = 0; block + 1 < block_starts.size(); ++block) {
    const auto first = static_cast<std::size_t>(block_starts[block]);
    const auto last = static_cast<std::size_t>(block_starts[block + 1]);
    std::uint16_t largest = 0;
    for (std::size_t i = first; i < last; ++i)
      largest = std::max<std::uint16_t>(largest, values[i] & 0x7fff);
    const BlockScale scale =
        block_scale(std::bit_cast<std::uint32_t>(to_float(largest)) & 0x7fffffffu, format);
    const bool poisoned = scale.poison != Poison::kNone;
    out.poisoned.push_back(poisoned);
    out.any_poisoned |= poisoned;
    out.exponents.push_back(poisoned ? std::int16_t{0}
                                     : static_cast<std::int16_t>(mantissa_exponent(scale, format)));
    if (poisoned)
      std::fill(out.mantissas.begin() + static_cast<std::ptrdiff_t>(first),
                out.mantissas.begin() + static_cast<std::ptrdiff_t>(last), std::int8_t{0});
    for (std::size_t i = first; !poisoned && i < last;) {
      const std::size_t count = std::min(last - i, std::size(chunk));
      for (std::size_t k = 0; k < count; ++k) chunk[k] = to_float(values[i + k]);
      quantise_integers({chunk, count}, scale, format, Rounding::kEven, out.mantissas.data() + i);
      i += count;
    }
  }
}

}  // namespace soliton
