// Blocks as the matrix-vector unit holds them: weights once when a shard is made, activations at
// every matrix product. Elements are whole numbers of their quantum.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"
#include "protocol/tensor/block_scale.h"
#include "protocol/tensor/element.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

namespace {

constexpr double kLargestNarrow = 127;
// A block's sum of products in whole quanta fits 127 bits: two elements and 2^17 lanes.
constexpr int kMaxQuantaBits = 55;

double largest_in_quanta(const Element& element) {
  return element.max_norm * power_of_two(-element.quantum_exponent());
}

// Adding and subtracting 1.5 * 2^52 leaves a double of small magnitude rounded to a whole number,
// half to even.
constexpr double kRoundToWhole = 0x1.8p52;

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

// How the values of a format become quanta.
class Quantiser {
 public:
  Quantiser(const NumberFormat& format, Rounding rounding, const Random& random)
      : kind_(format.scale()),
        rounding_(rounding),
        random_(random),
        element_(element_of(format)),
        // A bare element is kept as its value, so that its quantum is 1.
        quantum_(kind_ == Scale::kNone ? 0 : element_.quantum_exponent()),
        largest_(element_.max_norm * power_of_two(-quantum_)),
        flushed_below_(kind_ == Scale::kNone && format.flush ? 0x1p-126 : 0),
        plain_(format.exponent_bits == 0 && kind_ == Scale::kPowerOfTwo &&
               has_narrow_elements(format) && rounding != Rounding::kDither) {}

  // Of quanta: value = quanta * 2^exponent.
  int exponent(const BlockScale& scale) const { return scale.exponent + quantum_; }

  // The same as an fp32 factor.
  float factor(const BlockScale& scale) const {
    return static_cast<float>(static_cast<double>(scale.factor) * power_of_two(quantum_));
  }

  // REQUIRES: no poison. `first` is the ordinal of values[0] in the dither stream.
  template <typename T>
  void run(std::span<const float> values, const BlockScale& scale, std::uint64_t first,
           T* out) const {
    if (scale.flushed || (kind_ == Scale::kFloat && scale.factor == 0))
      std::fill_n(out, values.size(), T{0});
    else if constexpr (std::is_same_v<T, std::int8_t>)
      plain_ ? run_plain(values, scale, out) : run_any(values, scale, first, out);
    else
      run_any(values, scale, first, out);
  }

 private:
  void run_plain(std::span<const float> values, const BlockScale& scale, std::int8_t* out) const {
    const double inverse = power_of_two(-exponent(scale));
    if (rounding_ == Rounding::kEven)
      round_mantissas<Rounding::kEven>(values, inverse, largest_, out);
    else if (rounding_ == Rounding::kNearest)
      round_mantissas<Rounding::kNearest>(values, inverse, largest_, out);
    else
      round_mantissas<Rounding::kFloor>(values, inverse, largest_, out);
  }

  // Half to even without branches: adding and subtracting 1.5 * 2^52 quanta leaves a double rounded
  // to a whole number of them.
  template <typename T>
  void run_even(std::span<const float> values, const BlockScale& scale, T* out) const {
    const bool divides = kind_ == Scale::kFloat;
    const double factor = divides ? static_cast<double>(scale.factor) : 1.0;
    const double inverse = divides ? 1.0 : power_of_two(-scale.exponent);
    const double to_quanta = power_of_two(-quantum_);
    const int least = element_.min_exponent;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double magnitude = std::fabs(static_cast<double>(values[i]));
      const double scaled = divides ? magnitude / factor : magnitude * inverse;
      const int own = static_cast<int>(std::bit_cast<std::uint64_t>(scaled) >> 52) - 1023;
      const double round =
          kRoundToWhole * power_of_two(std::max(own, least) - (element_.precision - 1));
      const double quanta = std::min((scaled + round - round) * to_quanta, largest_);
      out[i] = static_cast<T>(values[i] < 0 ? -quanta : quanta);
    }
  }

  template <typename T>
  void run_any(std::span<const float> values, const BlockScale& scale, std::uint64_t first,
               T* out) const {
    if (rounding_ == Rounding::kEven && flushed_below_ == 0) return run_even(values, scale, out);
    const bool divides = kind_ == Scale::kFloat;
    const double factor = divides ? static_cast<double>(scale.factor) : 1.0;
    const double inverse = divides ? 1.0 : power_of_two(-scale.exponent);
    const double to_quanta = power_of_two(-quantum_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double magnitude = std::fabs(static_cast<double>(values[i]));
      const double scaled = divides ? magnitude / factor : magnitude * inverse;
      const double chance = rounding_ == Rounding::kDither ? random_.unit(first + i) : 0.0;
      const double rounded =
          magnitude < flushed_below_ ? 0.0 : round_magnitude(scaled, element_, rounding_, chance);
      const double quanta = std::min(rounded * to_quanta, largest_);
      out[i] = static_cast<T>(values[i] < 0 ? -quanta : quanta);
    }
  }

  Scale kind_;
  Rounding rounding_;
  const Random& random_;
  Element element_;
  int quantum_;
  double largest_;
  double flushed_below_;  // bare elements are flushed one by one
  bool plain_;            // integers, for which there is a faster loop
};

// Why a weight cannot be had, as the end of a sentence.
std::string poison_words(const NumberFormat& format, Poison poison) {
  if (poison == Poison::kNan) return "a weight is not a number";
  if (poison == Poison::kInfinity) return "a weight is infinite";
  if (format.scale() == Scale::kNone)
    return fmt::format("a weight is too large for {} (at most {})", format.name,
                       static_cast<float>(element_of(format).max_norm));
  return fmt::format("a weight is too large for the shared exponent of {} (at most {})",
                     format.name, scale_limit(format));
}

// The scale of a block of weights, or of a chunk of bare elements with what is wrong in it.
BlockScale weight_scale(std::span<const float> values, const NumberFormat& format) {
  const std::uint32_t largest = largest_magnitude(values);
  BlockScale scale = block_scale(largest, format);
  if (format.scale() != Scale::kNone || scale.poison != Poison::kNone ||
      format.overflow == Overflow::kSaturate)
    return scale;
  const Element element = element_of(format);
  const double magnitude = static_cast<double>(std::bit_cast<float>(largest));
  // Rounding is monotonic, but for dither, where whatever may round up counts as too large.
  const double rounded = format.rounding == Rounding::kDither
                             ? magnitude
                             : round_magnitude(magnitude, element, format.rounding);
  if (rounded > element.max_norm) scale.poison = Poison::kAboveRange;
  return scale;
}

template <typename T>
Status quantise_rows(std::span<const float> weights, const Quantiser& quantiser,
                     const std::string& name, std::int64_t first_row, BfpMatrix& matrix,
                     std::vector<T>& out) {
  const auto stride = static_cast<std::size_t>(matrix.columns);
  const Scale kind = matrix.format.scale();
  out.resize(weights.size());
  for (int row = 0; row < matrix.rows; ++row) {
    for (int block = 0; block < matrix.blocks_per_row(); ++block) {
      const int first = matrix.block_starts[static_cast<std::size_t>(block)];
      const int last = matrix.block_starts[static_cast<std::size_t>(block) + 1];
      const std::size_t offset =
          static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(first);
      const std::span<const float> values =
          weights.subspan(offset, static_cast<std::size_t>(last - first));
      const BlockScale scale = weight_scale(values, matrix.format);
      if (scale.poison != Poison::kNone)
        return invalid(fmt::format("tensor \"{}\", row {}, block {} (columns {} to {}): {}", name,
                                   first_row + row, block, first, last - 1,
                                   poison_words(matrix.format, scale.poison)));
      const std::uint64_t ordinal =
          (static_cast<std::uint64_t>(first_row + row) << 32) + static_cast<std::uint64_t>(first);
      quantiser.run(values, scale, ordinal, out.data() + offset);
      if (kind == Scale::kPowerOfTwo)
        matrix.exponents.push_back(static_cast<std::int16_t>(quantiser.exponent(scale)));
      if (kind == Scale::kFloat) matrix.scales.push_back(quantiser.factor(scale));
    }
  }
  return {};
}

// `values` as fp32, by pieces that stay in the first cache.
template <typename T>
void quantise_halves(std::span<const std::uint16_t> values, const BlockScale& scale,
                     const Quantiser& quantiser, T* out) {
  float piece[256];
  for (std::size_t i = 0; i < values.size();) {
    const std::size_t count = std::min(values.size() - i, std::size(piece));
    for (std::size_t k = 0; k < count; ++k) piece[k] = to_float(values[i + k]);
    quantiser.run(std::span<const float>(piece, count), scale, 0, out + i);
    i += count;
  }
}

template <typename T>
void quantise_vector(std::span<const std::uint16_t> values, const NumberFormat& format,
                     std::span<const int> block_starts, BfpVector& out, std::vector<T>& elements) {
  const Random unused(0, "");
  const Quantiser quantiser(format, Rounding::kEven, unused);
  const Scale kind = format.scale();
  elements.resize(values.size());
  // Bare elements that have all fp16 numbers.
  const bool as_they_are = kind == Scale::kNone && format.exponent_bits >= 5 &&
                           format.mantissa_bits >= 10 && !format.flush;
  for (std::size_t block = 0; block + 1 < block_starts.size(); ++block) {
    const auto first = static_cast<std::size_t>(block_starts[block]);
    const auto last = static_cast<std::size_t>(block_starts[block + 1]);
    std::uint16_t largest = 0;
    for (std::size_t i = first; i < last; ++i)
      largest = std::max<std::uint16_t>(largest, values[i] & 0x7fff);
    const BlockScale scale = block_scale(magnitude_bits(to_float(largest)), format);
    const bool poisoned = scale.poison != Poison::kNone;
    out.poisoned.push_back(poisoned);
    out.any_poisoned |= poisoned;
    if (!poisoned && as_they_are)
      for (std::size_t i = first; i < last; ++i)
        elements[i] = static_cast<T>(to_float(values[i]) + 0.0F);  // -0 counts as +0
    else if (poisoned)
      std::fill(elements.begin() + static_cast<std::ptrdiff_t>(first),
                elements.begin() + static_cast<std::ptrdiff_t>(last), T{0});
    else
      quantise_halves(values.subspan(first, last - first), scale, quantiser,
                      elements.data() + first);
    if (kind == Scale::kPowerOfTwo)
      out.exponents.push_back(poisoned ? std::int16_t{0}
                                       : static_cast<std::int16_t>(quantiser.exponent(scale)));
    if (kind == Scale::kFloat) out.scales.push_back(poisoned ? 0.0f : quantiser.factor(scale));
  }
}

}  // namespace

bool has_narrow_elements(const NumberFormat& format) {
  return format.scale() != Scale::kNone && largest_in_quanta(element_of(format)) <= kLargestNarrow;
}

Status check_multiplies(const NumberFormat& format) {
  if (format.scale() == Scale::kNone ||
      largest_in_quanta(element_of(format)) < power_of_two(kMaxQuantaBits))
    return {};
  return invalid(
      fmt::format("number format {}: no kernel supports it: sums of {}-bit exponents cannot be "
                  "formed exactly; allowed are integers, minifloats of up to 5 exponent bits, and "
                  "elements without a scale",
                  format.name, format.exponent_bits));
}

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
                                  const std::string& name, std::int64_t first_row) {
  if (const Status supported = check_multiplies(format); !supported)
    return tl::unexpected<Error>(supported.error());
  SOLITON_CHECK(rows >= 0 && columns >= 0);
  SOLITON_CHECK(weights.size() ==
                static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  BfpMatrix matrix;
  matrix.format = format;
  matrix.rows = rows;
  matrix.columns = columns;
  matrix.block_starts = block_borders(columns, format, native_dim);
  const Random random(format.dither_seed, name);
  const Quantiser quantiser(format, format.rounding, random);
  const Status done =
      has_narrow_elements(format)
          ? quantise_rows(weights, quantiser, name, first_row, matrix, matrix.mantissas)
          : quantise_rows(weights, quantiser, name, first_row, matrix, matrix.wide);
  if (!done) return tl::unexpected<Error>(done.error());
  return matrix;
}

void quantise_activation(std::span<const std::uint16_t> values, const NumberFormat& format,
                         std::span<const int> block_starts, BfpVector& out) {
  SOLITON_CHECK(!block_starts.empty() &&
                static_cast<std::size_t>(block_starts.back()) == values.size());
  const bool narrow = has_narrow_elements(format);
  narrow ? out.wide.clear() : out.mantissas.clear();
  out.exponents.clear();
  out.scales.clear();
  out.poisoned.clear();
  out.any_poisoned = false;
  if (narrow)
    quantise_vector(values, format, block_starts, out, out.mantissas);
  else
    quantise_vector(values, format, block_starts, out, out.wide);
}

}  // namespace soliton
