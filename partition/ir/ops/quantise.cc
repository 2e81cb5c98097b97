// Quantisation: x = (q - zero point) * scale, q rounded half to even and saturated. Arithmetic is in
// fp32, also for fp16.
#include <array>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/rounding.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

constexpr std::array kCodeTypes = {ElementType::kInt8, ElementType::kUint8, ElementType::kInt16,
                                   ElementType::kUint16, ElementType::kInt32};

// Which scale belongs to which element: one for all, one for each index of an axis, or one for each
// block of consecutive indices of it.
struct Scales {
  std::size_t extent = 1, inner = 1;  // of the axis; elements from one index of it to the next
  std::size_t block = 0;              // 0: one for all
  std::size_t blocks = 1;
  bool per_line = false;  // blocks differ from line to line

  std::size_t index(std::size_t element) const {
    if (block == 0) return 0;
    const std::size_t at = element / inner % extent / block;
    if (!per_line) return at;
    return (element / inner / extent * blocks + at) * inner + element % inner;
  }
};

Result<Scales> blocked_scales(const Call& call, std::size_t axis, std::int64_t block) {
  const Shape& shape = call.input(0).shape();
  if (block < 1 || block > kMostElements)
    return invalid(fmt::format("has a block_size of {}", block));
  Shape wanted = shape;
  wanted[axis] = shape[axis] / block + (shape[axis] % block != 0 ? 1 : 0);
  SOLITON_IR_CHECK(check_shape(call.input(1), wanted, "scales"));
  return Scales{1, 1, to_size(block), to_size(wanted[axis]), true};
}

// Inputs: 0 the array, 1 scales, 2 zero points.
Result<Scales> scales_of(const Call& call) {
  SOLITON_IR_TRY(stated, call.node.integer("axis", 1));
  SOLITON_IR_TRY(block, call.node.integer("block_size", 0));
  const Array &array = call.input(0), &scale = call.input(1);
  if (scale.elements() != 1 || (call.has(2) && call.input(2).elements() != 1))
    SOLITON_IR_CHECK(check_shape(call.input(2), scale.shape(), "zero points"));
  if (block == 0 && scale.elements() == 1) return Scales{};
  SOLITON_IR_TRY(axis, axis_in(stated, array.rank()));
  const Shape& shape = array.shape();
  Scales out{1, 1, 1, 1, false};
  if (block != 0) {
    SOLITON_IR_TRY(blocked, blocked_scales(call, axis, block));
    out = blocked;
  } else {
    SOLITON_IR_CHECK(check_shape(scale, {shape[axis]}, "scales"));
  }
  if (!call.known() || array.elements() == 0) return out;
  out.extent = to_size(shape[axis]);
  out.inner = to_size(extent_product(shape, axis + 1, shape.size()));
  return out;
}

// The type of the codes: of the zero points, or stated as one of ONNX's numbers of types.
Result<ElementType> code_type(const Call& call) {
  SOLITON_IR_TRY(stated, call.node.integer("output_dtype", 0));
  ElementType type = ElementType::kUint8;
  if (call.has(2)) {
    type = call.input(2).type();
  } else if (stated != 0) {
    constexpr ElementType kStated[] = {ElementType::kUint8, ElementType::kInt8,
                                       ElementType::kUint16, ElementType::kInt16};
    if (stated < 2 || stated > 5)
      return invalid(fmt::format("has an output_dtype of {}, which is not supported", stated));
    type = kStated[stated - 2];
  }
  if (type == ElementType::kInt32 || std::ranges::find(kCodeTypes, type) == kCodeTypes.end())
    return invalid(
        fmt::format("would make codes of type {}, which is not supported", element_name(type)));
  return type;
}

std::vector<std::int32_t> zeros_of(const Call& call) {
  if (!call.has(2)) return {};
  const Array wide = converted(call.input(2), ElementType::kInt32);
  return {wide.as<std::int32_t>().begin(), wide.as<std::int32_t>().end()};
}

// Calls body with the C++ type of codes. REQUIRES: one of kCodeTypes.
template <typename Body>
decltype(auto) with_code(ElementType type, Body&& body) {
  if (type == ElementType::kInt8) return body(TypeTag<std::int8_t>{});
  if (type == ElementType::kInt16) return body(TypeTag<std::int16_t>{});
  if (type == ElementType::kUint16) return body(TypeTag<std::uint16_t>{});
  if (type == ElementType::kInt32) return body(TypeTag<std::int32_t>{});
  return body(TypeTag<std::uint8_t>{});
}

Result<Outputs> quantize_linear(const Call& call) {
  static constexpr std::array kTypes = {ElementType::kFloat32, ElementType::kFloat16,
                                        ElementType::kInt32};
  SOLITON_IR_CHECK(check_type(call, 0, kTypes));
  SOLITON_IR_CHECK(check_type(call, 1, kTypes));
  SOLITON_IR_TRY(scales, scales_of(call));
  SOLITON_IR_TRY(type, code_type(call));
  const Shape& shape = call.input(0).shape();
  if (!call.known()) return one(Array::unknown(type, shape));
  const Array x = converted(call.input(0), ElementType::kFloat32);
  const Array scale = converted(call.input(1), ElementType::kFloat32);
  const std::vector<std::int32_t> zeros = zeros_of(call);
  return with_code(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const float> from = x.as<float>();
    std::vector<T> out(from.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t k = scales.index(i);
      out[i] = quantised<T>(static_cast<double>(from[i] / scale.as<float>()[k]),
                            zeros.empty() ? 0 : zeros[k]);
    }
    return one(Array::of(shape, std::move(out)));
  });
}

Result<Outputs> dequantize_linear(const Call& call) {
  SOLITON_IR_CHECK(check_type(call, 0, kCodeTypes));
  SOLITON_IR_CHECK(check_real(call, 1));
  static constexpr std::size_t kCodes[] = {0, 2};
  SOLITON_IR_CHECK(check_same_type(call, kCodes));
  SOLITON_IR_TRY(scales, scales_of(call));
  const Array& in = call.input(0);
  const ElementType type = call.input(1).type();
  if (!call.known()) return one(Array::unknown(type, in.shape()));
  const Array scale = converted(call.input(1), ElementType::kFloat32);
  const std::vector<std::int32_t> zeros = zeros_of(call);
  return with_code(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> from = in.as<T>();
    std::vector<float> out(from.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t k = scales.index(i);
      const std::int64_t zero = zeros.empty() ? 0 : zeros[k];
      out[i] = static_cast<float>(from[i] - zero) * scale.as<float>()[k];
    }
    return one(converted(Array::of(in.shape(), std::move(out)), type));
  });
}

// The range of the array and 0 becomes 0 to 255. Outputs: codes, scale, zero point.
Result<Outputs> dynamic_quantize_linear(const Call& call) {
  static constexpr std::array kTypes = {ElementType::kFloat32};
  SOLITON_IR_CHECK(check_type(call, 0, kTypes));
  const Array& in = call.input(0);
  if (!in.known())
    return Outputs{Array::unknown(ElementType::kUint8, in.shape()),
                   Array::unknown(ElementType::kFloat32, {}),
                   Array::unknown(ElementType::kUint8, {})};
  float low = 0, high = 0;
  for (const float value : in.as<float>()) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const float scale = high == low ? 1.0F : (high - low) / 255.0F;
  const auto zero = quantised<std::uint8_t>(static_cast<double>(-low / scale), 0);
  std::vector<std::uint8_t> out(in.as<float>().size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = quantised<std::uint8_t>(static_cast<double>(in.as<float>()[i] / scale), zero);
  return Outputs{Array::of(in.shape(), std::move(out)), Array::scalar(scale), Array::scalar(zero)};
}

constexpr Operator kOperators[] = {
    {"DequantizeLinear", dequantize_linear},
    {"DynamicQuantizeLinear", dynamic_quantize_linear},
    {"QuantizeLinear", quantize_linear},
};

}  // namespace

std::span<const Operator> quantise_operators() { return kOperators; }

}  // namespace soliton::ir
