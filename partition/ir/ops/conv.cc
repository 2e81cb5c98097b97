// Convolutions. Every output is summed over channels and then taps in ascending order; padding adds
// nothing.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/im2col.h"
#include "partition/ir/ops/rounding.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

constexpr std::array kByteTypes = {ElementType::kInt8, ElementType::kUint8};

Result<std::int64_t> group_of(const Call& call) {
  SOLITON_IR_TRY(groups, call.node.integer("group", 1));
  if (groups < 1) return invalid(fmt::format("has a group of {}", groups));
  return groups;
}

// Inputs x and w of any type of number: shapes and attributes.
Result<ConvPlan> conv_plan(const Call& call, std::size_t x, std::size_t w) {
  SOLITON_IR_TRY(groups, group_of(call));
  const Shape &in = call.input(x).shape(), &weights = call.input(w).shape();
  SOLITON_IR_TRY(kernel, weight_kernel(call, weights));
  SOLITON_IR_TRY(window, window_of(call, in, kernel));
  std::int64_t channels = 0;
  const bool fits = !__builtin_mul_overflow(weights[1], groups, &channels) && channels == in[1];
  if (!fits || weights[0] % groups != 0)
    return invalid(fmt::format("has an input of shape {} and weights of shape {} in {} groups",
                               shape_text(in), shape_text(weights), groups));
  ConvPlan plan{in[0], groups, weights[1], weights[0] / groups, window, {in[0], weights[0]}};
  for (const WindowAxis& axis : window.axes) plan.out.push_back(axis.out);
  SOLITON_IR_CHECK(check_fits(call, plan.out));
  return plan;
}

// The outputs before anything is added: the bias of their channel, or 0.
template <typename T>
std::vector<T> begin_with_bias(const Shape& out, const Array& bias) {
  std::vector<T> y(to_size(extent_product(out, 0, out.size())));
  if (!bias.present()) return y;
  const std::size_t plane = to_size(extent_product(out, 2, out.size()));
  const std::span<const T> values = bias.as<T>();
  for (std::size_t i = 0; plane != 0 && i < y.size(); i += plane)
    std::fill_n(y.data() + i, plane, values[i / plane % values.size()]);
  return y;
}

Status check_conv_types(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  SOLITON_IR_CHECK(check_real(call, 0));
  static constexpr std::size_t kAll[] = {0, 1, 2};
  return check_same_type(call, kAll);
}

Result<Outputs> conv(const Call& call) {
  SOLITON_IR_CHECK(check_conv_types(call));
  if (call.input(0).type() == ElementType::kFloat16) return through_float32(call, conv);
  SOLITON_IR_TRY(plan, conv_plan(call, 0, 1));
  const Array& bias = call.input(2);
  SOLITON_IR_CHECK(check_shape(bias, {plan.out[1]}, "a bias"));
  if (!call.known()) return one(Array::unknown(call.input(0).type(), plan.out));
  return with_wide(call.input(0).type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> y = begin_with_bias<T>(plan.out, bias);
    add_convolution<T>(plan, call.input(0).as<T>().data(), call.input(1).as<T>().data(), y.data());
    return one(Array::of(plan.out, std::move(y)));
  });
}

// One axis of a transposed convolution: its `in` is the extent of the output. `wanted` is from
// output_shape, or 0.
Status place_transposed(WindowAxis& axis, std::int64_t padding, std::int64_t wanted, AutoPad mode) {
  const std::int64_t full = axis.stride * (axis.out - 1) + padding + axis.extent();
  if (wanted == 0 && (mode == AutoPad::kSameUpper || mode == AutoPad::kSameLower))
    wanted = axis.out * axis.stride;
  if (wanted > 0) {
    const std::int64_t total = std::max<std::int64_t>(0, full - wanted);
    axis.before = mode == AutoPad::kSameUpper ? total / 2 : total - total / 2;
    axis.after = total - axis.before;
    axis.in = wanted;
  } else {
    axis.in = full - axis.before - axis.after;
  }
  if (axis.in < 1 || axis.in > kMostElements)
    return invalid(fmt::format("would make an output of extent {}", axis.in));
  return {};
}

// output_shape lists the spatial axes, or all of them.
Result<std::vector<std::int64_t>> wanted_extents(const Call& call, std::size_t count) {
  SOLITON_IR_TRY(shape, call.node.integers("output_shape"));
  if (shape.empty()) return std::vector<std::int64_t>(count, 0);
  if (shape.size() == count + 2) shape.erase(shape.begin(), shape.begin() + 2);
  if (shape.size() != count)
    return invalid(fmt::format("has {} values in output_shape instead of {}", shape.size(), count));
  for (const std::int64_t extent : shape)
    if (extent < 1 || extent > kMostElements)
      return invalid(fmt::format("has {} in output_shape", extent));
  return std::move(shape);
}

Result<Window> transposed_window(const Call& call, const Shape& in, const Shape& weights) {
  SOLITON_IR_TRY(kernel, weight_kernel(call, weights));
  const std::size_t count = kernel.size();
  if (in.size() != count + 2)
    return invalid(fmt::format("has an input of shape {} and weights of shape {}", shape_text(in),
                               shape_text(weights)));
  SOLITON_IR_TRY(strides, per_axis(call, "strides", count, 1, 1));
  SOLITON_IR_TRY(dilations, per_axis(call, "dilations", count, 1, 1));
  SOLITON_IR_TRY(pads, per_axis(call, "pads", 2 * count, 0, 0));
  SOLITON_IR_TRY(padding, per_axis(call, "output_padding", count, 0, 0));
  SOLITON_IR_TRY(wanted, wanted_extents(call, count));
  SOLITON_IR_TRY(mode, auto_pad_of(call));
  Window window;
  for (std::size_t k = 0; k < count; ++k) {
    if (in[k + 2] < 1 || in[k + 2] > kMostElements)
      return invalid(fmt::format("has an input of shape {}", shape_text(in)));
    WindowAxis axis{0, kernel[k], strides[k], dilations[k], 0, 0, in[k + 2]};
    if (mode == AutoPad::kNotSet) {
      axis.before = pads[k];
      axis.after = pads[k + count];
    }
    SOLITON_IR_CHECK(place_transposed(axis, padding[k], wanted[k], mode));
    window.axes.push_back(axis);
  }
  return window;
}

Result<ConvPlan> transposed_plan(const Call& call) {
  SOLITON_IR_TRY(groups, group_of(call));
  const Shape &in = call.input(0).shape(), &weights = call.input(1).shape();
  SOLITON_IR_TRY(window, transposed_window(call, in, weights));
  std::int64_t channels = 0;
  if (__builtin_mul_overflow(weights[1], groups, &channels) || in[1] != weights[0] ||
      in[1] % groups != 0)
    return invalid(fmt::format("has an input of shape {} and weights of shape {} in {} groups",
                               shape_text(in), shape_text(weights), groups));
  ConvPlan plan{in[0], groups, in[1] / groups, weights[1], window, {in[0], channels}};
  for (const WindowAxis& axis : window.axes) plan.out.push_back(axis.in);
  SOLITON_IR_CHECK(check_fits(call, plan.out));
  return plan;
}

Result<Outputs> conv_transpose(const Call& call) {
  SOLITON_IR_CHECK(check_conv_types(call));
  if (call.input(0).type() == ElementType::kFloat16) return through_float32(call, conv_transpose);
  SOLITON_IR_TRY(plan, transposed_plan(call));
  const Array& bias = call.input(2);
  SOLITON_IR_CHECK(check_shape(bias, {plan.out[1]}, "a bias"));
  if (!call.known()) return one(Array::unknown(call.input(0).type(), plan.out));
  return with_wide(call.input(0).type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> y = begin_with_bias<T>(plan.out, bias);
    add_transposed_convolution<T>(plan, call.input(0).as<T>().data(), call.input(1).as<T>().data(),
                                  y.data());
    return one(Array::of(plan.out, std::move(y)));
  });
}

// Values minus the zero points of their blocks (one for all, or one for each first index), in
// wrapping 32 bits.
std::vector<std::uint32_t> shifted(const Array& array, const Array& zeros) {
  const Array values = converted(array, ElementType::kInt32);
  const Array shifts =
      zeros.present() ? converted(zeros, ElementType::kInt32) : Array::scalar(std::int32_t{0});
  const std::span<const std::int32_t> from = values.as<std::int32_t>();
  const std::span<const std::int32_t> shift = shifts.as<std::int32_t>();
  std::vector<std::uint32_t> out(from.size());
  const std::size_t block =
      std::max<std::size_t>(1, out.size() / std::max<std::size_t>(1, shift.size()));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint32_t>(from[i] - shift[i / block]);
  return out;
}

Status check_one_number(const Call& call, std::size_t k) {
  if (!call.has(k) || call.input(k).elements() == 1) return {};
  return invalid(fmt::format("has an input {} of shape {}, not one number", k,
                             shape_text(call.input(k).shape())));
}
// Of the weights: one number for all or one for each channel of the output.
Status check_channels(const Call& call, std::size_t k, std::int64_t channels) {
  const Array& array = call.input(k);
  if (!array.present() || array.elements() == 1 || array.shape() == Shape{channels}) return {};
  return invalid(fmt::format("has an input {} of shape {} for {} channels", k,
                             shape_text(array.shape()), channels));
}

struct ByteInputs {
  std::size_t x, x_zero, w, w_zero;
};

Result<ConvPlan> byte_plan(const Call& call, const ByteInputs& in) {
  SOLITON_IR_CHECK(check_type(call, in.x, kByteTypes));
  SOLITON_IR_CHECK(check_type(call, in.w, kByteTypes));
  const std::size_t of_x[] = {in.x, in.x_zero}, of_w[] = {in.w, in.w_zero};
  SOLITON_IR_CHECK(check_same_type(call, of_x));
  SOLITON_IR_CHECK(check_same_type(call, of_w));
  SOLITON_IR_TRY(plan, conv_plan(call, in.x, in.w));
  SOLITON_IR_CHECK(check_one_number(call, in.x_zero));
  SOLITON_IR_CHECK(check_channels(call, in.w_zero, plan.out[1]));
  return plan;
}

void add_bytes(const Call& call, const ByteInputs& in, const ConvPlan& plan,
               std::vector<std::uint32_t>& sums) {
  const std::vector<std::uint32_t> x = shifted(call.input(in.x), call.input(in.x_zero));
  const std::vector<std::uint32_t> w = shifted(call.input(in.w), call.input(in.w_zero));
  add_convolution<std::uint32_t>(plan, x.data(), w.data(), sums.data());
}

Result<Outputs> conv_integer(const Call& call) {
  const ByteInputs in{0, 2, 1, 3};
  SOLITON_IR_TRY(plan, byte_plan(call, in));
  if (!call.known()) return one(Array::unknown(ElementType::kInt32, plan.out));
  std::vector<std::uint32_t> sums(to_size(extent_product(plan.out, 0, plan.out.size())));
  add_bytes(call, in, plan, sums);
  return one(Array::of(plan.out, std::vector<std::int32_t>(sums.begin(), sums.end())));
}

Status check_qlinear(const Call& call, const ConvPlan& plan) {
  SOLITON_IR_CHECK(check_inputs(call, 8));
  for (const std::size_t k : {1UL, 4UL, 6UL}) SOLITON_IR_CHECK(check_real(call, k));
  for (const std::size_t k : {1UL, 6UL, 7UL}) SOLITON_IR_CHECK(check_one_number(call, k));
  SOLITON_IR_CHECK(check_type(call, 7, kByteTypes));
  SOLITON_IR_CHECK(check_channels(call, 4, plan.out[1]));
  if (call.has(8) && call.input(8).type() != ElementType::kInt32)
    return invalid("has a bias that is not int32");
  return check_shape(call.input(8), {plan.out[1]}, "a bias");
}

// Inputs: x, its scale and zero point, w, its scale and zero point, the scale and zero point of y,
// and a bias in units of x's scale times w's.
Result<Outputs> qlinear_conv(const Call& call) {
  const ByteInputs in{0, 2, 3, 5};
  SOLITON_IR_TRY(plan, byte_plan(call, in));
  SOLITON_IR_CHECK(check_qlinear(call, plan));
  const ElementType type = call.input(7).type();
  if (!call.known()) return one(Array::unknown(type, plan.out));
  const std::vector<std::int32_t> bias = begin_with_bias<std::int32_t>(plan.out, call.input(8));
  std::vector<std::uint32_t> sums(bias.begin(), bias.end());
  add_bytes(call, in, plan, sums);
  const auto x_scale = static_cast<float>(number_of(call.input(1)));
  const auto y_scale = static_cast<float>(number_of(call.input(6)));
  const auto zero = static_cast<std::int64_t>(number_of(call.input(7)));
  const Array w_scales = converted(call.input(4), ElementType::kFloat32);
  const std::span<const float> w_scale = w_scales.as<float>();
  const std::size_t plane = to_size(extent_product(plan.out, 2, plan.out.size()));
  const std::size_t channels = to_size(plan.out[1]);
  const auto quantise = [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> out(sums.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t channel = i / plane % channels;
      const float scale = x_scale * w_scale[w_scale.size() == 1 ? 0 : channel] / y_scale;
      const float units = static_cast<float>(static_cast<std::int32_t>(sums[i])) * scale;
      out[i] = quantised<T>(static_cast<double>(units), zero);
    }
    return one(Array::of(plan.out, std::move(out)));
  };
  if (type == ElementType::kInt8) return quantise(TypeTag<std::int8_t>{});
  return quantise(TypeTag<std::uint8_t>{});
}

// Multiply-adds at each element of `array`, whose channels are axis 1 of it.
Work work_at(const Array& array, const Shape& weights) {
  std::int64_t each = 1;
  for (std::size_t k = 1; k < weights.size(); ++k) each = saturating_product({each, weights[k]});
  return {saturating_product({array.elements(), each}), 0};
}
Work conv_work(const Call& call, const Outputs& outputs) {
  return work_at(outputs[0], call.input(1).shape());
}
Work qlinear_conv_work(const Call& call, const Outputs& outputs) {
  return work_at(outputs[0], call.input(3).shape());
}
Work conv_transpose_work(const Call& call, const Outputs&) {
  return work_at(call.input(0), call.input(1).shape());
}

constexpr Operator kOperators[] = {
    {"Conv", conv, conv_work},
    {"ConvInteger", conv_integer, conv_work},
    {"ConvTranspose", conv_transpose, conv_transpose_work},
    {"QLinearConv", qlinear_conv, qlinear_conv_work},
};

}  // namespace

std::span<const Operator> conv_operators() { return kOperators; }

}  // namespace soliton::ir
