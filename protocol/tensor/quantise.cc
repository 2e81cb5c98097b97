// The scalar reference of the block quantiser. The steps are those of OCP MX v1.0 section 6.3 as
// microsoft/microxcaling performs them, in exact arithmetic.
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/tensor/block_scale.h"
#include "protocol/tensor/element.h"
#include "protocol/tensor/format.h"

namespace soliton {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kLargestFloat = std::numeric_limits<float>::max();

// |x| in units of the scale. A factor of zero, from values below its smallest, leaves zeros.
double in_units(double magnitude, const BlockScale& scale, Scale kind) {
  if (kind == Scale::kPowerOfTwo) return std::ldexp(magnitude, -scale.exponent);
  if (kind == Scale::kNone) return magnitude;
  return scale.factor > 0 ? magnitude / static_cast<double>(scale.factor) : 0.0;
}

// Back from units of the scale. Exact but for a product with an fp32 factor, which is rounded once.
float restored(double rounded, const BlockScale& scale, Scale kind) {
  if (kind == Scale::kPowerOfTwo) return static_cast<float>(std::ldexp(rounded, scale.exponent));
  if (kind == Scale::kNone) return static_cast<float>(rounded);
  return static_cast<float>(std::min(rounded * static_cast<double>(scale.factor), kLargestFloat));
}

// What an element without a scale becomes above its largest value.
double overflowed(const Element& element, Overflow rule) {
  if (rule == Overflow::kSaturate) return element.max_norm;
  return element.has_infinity ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
}

// A negative that rounds to zero is -0; an input of -0, and all that is flushed, is +0.
float with_sign_of(float value, float magnitude) { return value < 0 ? -magnitude : magnitude; }

QuantisedBlock quantise_elements(std::span<const float> values, const NumberFormat& format,
                                 const Random& random, std::uint64_t first) {
  QuantisedBlock block;
  const Element element = element_of(format);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float value = values[i];
    const BlockScale own = block_scale(magnitude_bits(value), format);
    double rounded = 0;
    if (own.poison == Poison::kNan)
      rounded = std::numeric_limits<double>::quiet_NaN();
    else if (own.poison == Poison::kInfinity)
      rounded = overflowed(element, format.overflow);
    else if (!own.flushed)
      rounded = round_magnitude(std::fabs(static_cast<double>(value)), element, format.rounding,
                                random.unit(first + i));
    if (rounded > element.max_norm) rounded = overflowed(element, format.overflow);
    block.values.push_back(std::isnan(rounded) ? kNan
                                               : with_sign_of(own.flushed ? 0.0f : value,
                                                              static_cast<float>(rounded)));
  }
  return block;
}

}  // namespace

QuantisedBlock quantise_block(std::span<const float> values, const NumberFormat& format,
                              DitherStream stream) {
  const Random random(format.dither_seed, stream.purpose);
  const Scale kind = format.scale();
  if (kind == Scale::kNone) return quantise_elements(values, format, random, stream.first);
  QuantisedBlock block;
  const BlockScale scale = block_scale(largest_magnitude(values), format);
  block.poisoned = scale.poison != Poison::kNone;
  if (block.poisoned) {
    block.values.assign(values.size(), kNan);
    return block;
  }
  block.scale_exponent = scale.exponent;
  block.scale = scale.factor;
  const Element element = element_of(format);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double scaled = in_units(std::fabs(static_cast<double>(values[i])), scale, kind);
    const double rounded =
        std::min(round_magnitude(scaled, element, format.rounding, random.unit(stream.first + i)),
                 element.max_norm);
    const float magnitude = scale.flushed ? 0.0f : restored(rounded, scale, kind);
    block.values.push_back(with_sign_of(scale.flushed ? 0.0f : values[i], magnitude));
  }
  return block;
}

}  // namespace soliton
