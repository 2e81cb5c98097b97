// Windows that slide over the spatial axes of an array [N, C, ...]: kernels of convolutions and
// pools. Inside partition/ir/ops only.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

inline constexpr std::size_t kMostSpatialAxes = 3;

// Position o of the output sees elements o * stride - before + t * dilation, t in [0, kernel), of
// the input; those outside [0, in) are padding.
struct WindowAxis {
  std::int64_t in = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0, out = 1;

  std::int64_t extent() const { return dilation * (kernel - 1) + 1; }
  // Positions [first, last) of the output at which tap `tap` lies inside the input.
  struct Range {
    std::int64_t first, last;
  };
  Range inside(std::int64_t tap) const;
};

struct Window {
  std::vector<WindowAxis> axes;

  // With leading axes of one element, so that every window has three.
  std::array<WindowAxis, kMostSpatialAxes> three() const;
  std::int64_t taps() const;
  std::int64_t positions() const;
};

enum class AutoPad : std::uint8_t { kNotSet, kSameUpper, kSameLower, kValid };
Result<AutoPad> auto_pad_of(const Call& call);

// An attribute with one number for each of `axes` axes, at least `least`. Error: it has another
// length, or numbers out of range.
Result<std::vector<std::int64_t>> per_axis(const Call& call, std::string_view attribute,
                                           std::size_t axes, std::int64_t otherwise,
                                           std::int64_t least);

// How the spatial axes of `input` [N, C, ...] are passed by a kernel, from the attributes strides,
// dilations, pads and auto_pad. `rounded_up`: the last window of a pool may lie partly outside
// (ceil_mode). Errors: fewer than one or more than three spatial axes, attributes of another length
// or out of range, a window larger than what it slides over.
Result<Window> window_of(const Call& call, const Shape& input,
                         const std::vector<std::int64_t>& kernel, bool rounded_up = false);

// The spatial axes of kernel_shape, which must be there (pools), or equal `weights` from its third
// axis on (convolutions).
Result<std::vector<std::int64_t>> pool_kernel(const Call& call);
Result<std::vector<std::int64_t>> weight_kernel(const Call& call, const Shape& weights);

}  // namespace soliton::ir
