#include "partition/ir/ops/window.h"

#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

// No extent, stride, dilation or padding is larger, so that products of two and their sums fit.
constexpr std::int64_t kLargest = kMostElements;

Status check_spatial(const Shape& input) {
  if (input.size() >= 3 && input.size() <= 2 + kMostSpatialAxes) return {};
  return invalid(fmt::format("has an input of shape {}; one to three spatial axes are supported",
                             shape_text(input)));
}

// Total padding that gives ceil(in / stride) positions, more of it on the side that the name says.
void pad_same(WindowAxis& axis, AutoPad mode) {
  axis.out = (axis.in + axis.stride - 1) / axis.stride;
  const std::int64_t total =
      std::max<std::int64_t>(0, (axis.out - 1) * axis.stride + axis.extent() - axis.in);
  axis.before = mode == AutoPad::kSameLower ? total - total / 2 : total / 2;
  axis.after = total - axis.before;
}

Status place(WindowAxis& axis, bool rounded_up) {
  const std::int64_t room = axis.in + axis.before + axis.after - axis.extent();
  if (room < 0)
    return invalid(fmt::format("has a window of {} over {} elements with padding", axis.extent(),
                               axis.in + axis.before + axis.after));
  axis.out = room / axis.stride + 1;
  if (!rounded_up || room % axis.stride == 0) return {};
  // A last window that would begin in the padding behind the input is left out.
  if (axis.out * axis.stride < axis.in + axis.before) ++axis.out;
  return {};
}

}  // namespace

WindowAxis::Range WindowAxis::inside(std::int64_t tap) const {
  const std::int64_t shift = before - tap * dilation;  // in = o * stride - shift
  const auto up = [&](std::int64_t value) {
    return value <= 0 ? std::int64_t{0} : (value + stride - 1) / stride;
  };
  const std::int64_t last = std::min(out, up(in + shift));
  return {std::min(up(shift), last), last};
}

std::array<WindowAxis, kMostSpatialAxes> Window::three() const {
  std::array<WindowAxis, kMostSpatialAxes> out;
  std::ranges::copy_backward(axes, out.end());
  return out;
}

std::int64_t Window::taps() const {
  std::int64_t product = 1;
  for (const WindowAxis& axis : axes) product = saturating_product({product, axis.kernel});
  return product;
}
std::int64_t Window::positions() const {
  std::int64_t product = 1;
  for (const WindowAxis& axis : axes) product = saturating_product({product, axis.out});
  return product;
}

Result<AutoPad> auto_pad_of(const Call& call) {
  SOLITON_IR_TRY(name, call.node.text("auto_pad", "NOTSET"));
  if (name == "NOTSET" || name.empty()) return AutoPad::kNotSet;
  if (name == "SAME_UPPER") return AutoPad::kSameUpper;
  if (name == "SAME_LOWER") return AutoPad::kSameLower;
  if (name == "VALID") return AutoPad::kValid;
  return invalid("has an auto_pad that is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID");
}

Result<std::vector<std::int64_t>> per_axis(const Call& call, std::string_view attribute,
                                           std::size_t axes, std::int64_t otherwise,
                                           std::int64_t least) {
  SOLITON_IR_TRY(values, call.node.integers(attribute));
  if (values.empty()) values.assign(axes, otherwise);
  if (values.size() != axes)
    return invalid(
        fmt::format("has {} values in {} instead of {}", values.size(), attribute, axes));
  for (const std::int64_t value : values)
    if (value < least || value > kLargest)
      return invalid(
          fmt::format("has {} in {}; {} to {} is allowed", value, attribute, least, kLargest));
  return std::move(values);
}

Result<Window> window_of(const Call& call, const Shape& input,
                         const std::vector<std::int64_t>& kernel, bool rounded_up) {
  SOLITON_IR_CHECK(check_spatial(input));
  const std::size_t count = input.size() - 2;
  if (kernel.size() != count)
    return invalid(fmt::format("has a kernel of {} axes for an input of shape {}", kernel.size(),
                               shape_text(input)));
  SOLITON_IR_TRY(strides, per_axis(call, "strides", count, 1, 1));
  SOLITON_IR_TRY(dilations, per_axis(call, "dilations", count, 1, 1));
  SOLITON_IR_TRY(pads, per_axis(call, "pads", 2 * count, 0, 0));
  SOLITON_IR_TRY(mode, auto_pad_of(call));
  Window window;
  for (std::size_t k = 0; k < count; ++k) {
    if (input[k + 2] > kLargest)
      return invalid(fmt::format("has an input of shape {}", shape_text(input)));
    WindowAxis axis{input[k + 2], kernel[k], strides[k], dilations[k], 0, 0, 1};
    if (mode == AutoPad::kNotSet) {
      axis.before = pads[k];
      axis.after = pads[k + count];
    }
    if (mode == AutoPad::kSameUpper || mode == AutoPad::kSameLower)
      pad_same(axis, mode);
    else
      SOLITON_IR_CHECK(place(axis, rounded_up));
    window.axes.push_back(axis);
  }
  return window;
}

Result<std::vector<std::int64_t>> pool_kernel(const Call& call) {
  SOLITON_IR_TRY(kernel, call.node.integers("kernel_shape"));
  if (kernel.empty()) return invalid("has no kernel_shape");
  for (const std::int64_t extent : kernel)
    if (extent < 1 || extent > kLargest)
      return invalid(fmt::format("has {} in kernel_shape; 1 to {} is allowed", extent, kLargest));
  return std::move(kernel);
}

Result<std::vector<std::int64_t>> weight_kernel(const Call& call, const Shape& weights) {
  SOLITON_IR_CHECK(check_spatial(weights));
  std::vector<std::int64_t> kernel(weights.begin() + 2, weights.end());
  SOLITON_IR_TRY(stated, call.node.integers("kernel_shape", kernel));
  if (stated != kernel)
    return invalid(fmt::format("has a kernel_shape of {} for weights of shape {}",
                               shape_text(stated), shape_text(weights)));
  for (const std::int64_t extent : kernel)
    if (extent < 1 || extent > kLargest)
      return invalid(fmt::format("has weights of shape {}", shape_text(weights)));
  return kernel;
}

}  // namespace soliton::ir
