// Operators that make arrays from attributes and sizes, and conversions between element types.
#include <array>
#include <cmath>
#include <limits>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// ONNX's numbers of element types (TensorProto.DataType) and the types that are supported.
constexpr std::array<std::pair<std::int64_t, ElementType>, 12> kOnnxTypes = {{
    {1, ElementType::kFloat32},
    {2, ElementType::kUint8},
    {3, ElementType::kInt8},
    {4, ElementType::kUint16},
    {5, ElementType::kInt16},
    {6, ElementType::kInt32},
    {7, ElementType::kInt64},
    {9, ElementType::kBool},
    {10, ElementType::kFloat16},
    {11, ElementType::kFloat64},
    {12, ElementType::kUint32},
    {13, ElementType::kUint64},
}};
constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> kOtherTypes = {
    {{8, "string"}, {14, "complex64"}, {15, "complex128"}, {16, "bfloat16"}}};

Result<ElementType> onnx_type(std::int64_t number) {
  for (const auto& [onnx, type] : kOnnxTypes)
    if (onnx == number) return type;
  for (const auto& [onnx, name] : kOtherTypes)
    if (onnx == number)
      return invalid(fmt::format("names element type {}, which is not supported", name));
  return invalid(fmt::format("names element type {} of ONNX, which is not supported", number));
}

Result<Outputs> cast(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  if (call.node.find("to") == nullptr) return invalid("lacks its attribute to");
  SOLITON_IR_TRY(to, call.node.integer("to", 0));
  SOLITON_IR_TRY(type, onnx_type(to));
  return one(converted(call.input(0), type));
}

Result<Outputs> cast_like(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  return one(converted(call.input(0), call.input(1).type()));
}

// The one attribute of a Constant says what it is.
Result<Outputs> constant(const Call& call) {
  using Kind = Attribute::Kind;
  for (const Attribute& a : call.node.attributes) {
    if (a.name == "value" && a.kind == Kind::kArray && a.array.present()) return one(a.array);
    if (a.name == "value_float" && a.kind == Kind::kReal) return one(Array::scalar(a.real));
    if (a.name == "value_int" && a.kind == Kind::kInteger) return one(Array::scalar(a.integer));
    if (a.name == "value_ints" && a.kind == Kind::kIntegers)
      return one(Array::integers(a.integers));
    if (a.name == "value_floats" && a.kind == Kind::kReals)
      return one(Array::of({static_cast<std::int64_t>(a.reals.size())}, a.reals));
    if (a.name.starts_with("value") || a.name == "sparse_value")
      return invalid(fmt::format("has an attribute {} of a kind that is not supported", a.name));
  }
  return invalid("lacks its value");
}

Array filled(const Array& value, Shape shape) {
  Moved out(value.type(), shape);
  out.fill(0, extent_product(shape, 0, shape.size()), value.raw().data());
  return std::move(out).take();
}

Result<Outputs> constant_of_shape(const Call& call) {
  SOLITON_IR_TRY(shape, integers_of(call, 0, "its shape"));
  SOLITON_IR_CHECK(check_fits(call, shape));
  const Attribute* value = call.node.find("value");
  if (value == nullptr) return one(filled(Array::scalar<float>(0), shape));
  if (value->kind != Attribute::Kind::kArray || !value->array.known() ||
      value->array.elements() != 1)
    return invalid("has a value that is not an array of one element");
  return one(filled(value->array, shape));
}

// How many numbers there are from `start` on in steps of `delta` before `limit`; -1 for more than
// can be counted.
template <typename T>
std::int64_t range_count(T start, T limit, T delta) {
  if constexpr (std::is_integral_v<T>) {
    const bool up = delta > 0;
    if (up ? start >= limit : start <= limit) return 0;
    const auto wide = [](T x) { return static_cast<std::uint64_t>(x); };
    const std::uint64_t distance = up ? wide(limit) - wide(start) : wide(start) - wide(limit);
    const std::uint64_t count = (distance - 1) / (up ? wide(delta) : 0 - wide(delta)) + 1;
    return count > std::uint64_t{1} << 62 ? -1 : static_cast<std::int64_t>(count);
  } else {
    const double steps = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                                   static_cast<double>(delta));
    if (!(steps < 0x1p62)) return -1;
    return steps > 0 ? static_cast<std::int64_t>(steps) : 0;
  }
}

template <typename T>
Result<Outputs> range_of(const Call& call) {
  using C = Computed<T>;
  const auto input = [&](std::size_t k) { return static_cast<C>(call.input(k).as<T>()[0]); };
  const C start = input(0), limit = input(1), delta = input(2);
  if (delta == 0) return invalid("has a delta of 0");
  const std::int64_t count = range_count(start, limit, delta);
  SOLITON_IR_CHECK(check_fits(call, {count}));
  std::vector<T> out(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    T& to = out[static_cast<std::size_t>(i)];
    if constexpr (std::is_integral_v<T>)
      to = static_cast<T>(static_cast<std::uint64_t>(start) +
                          static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(delta));
    else
      to = static_cast<T>(static_cast<C>(static_cast<double>(start) +
                                         static_cast<double>(i) * static_cast<double>(delta)));
  }
  return one(Array::of({count}, std::move(out)));
}

Result<Outputs> range(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_CHECK(check_number(call, 0));
  static constexpr std::size_t kAll[] = {0, 1, 2};
  SOLITON_IR_CHECK(check_same_type(call, kAll));
  for (const std::size_t k : kAll) {
    if (call.input(k).elements() != 1)
      return invalid(fmt::format("has an input {} that is not one number", k));
    if (!call.input(k).known())
      return invalid(fmt::format("has an input {} that depends on the data of a request", k));
  }
  return with_type(call.input(0).type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return range_of<T>(call);
  });
}

Result<Outputs> eye_like(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& like = call.input(0);
  if (like.rank() != 2) return invalid(fmt::format("has an input of {} axes, not 2", like.rank()));
  ElementType type = like.type();
  if (call.node.find("dtype") != nullptr) {
    SOLITON_IR_TRY(number, call.node.integer("dtype", 0));
    SOLITON_IR_TRY(named, onnx_type(number));
    type = named;
  }
  SOLITON_IR_CHECK(check_fits(call, like.shape()));
  SOLITON_IR_TRY(k, call.node.integer("k", 0));
  Moved out(type, like.shape());
  const std::int64_t rows = like.shape()[0], columns = like.shape()[1];
  if (rows == 0 || columns == 0 || k <= -rows || k >= columns) return one(std::move(out).take());
  const Array unit = converted(Array::scalar<float>(1), type);
  for (std::int64_t row = std::max<std::int64_t>(0, -k); row < std::min(rows, columns - k); ++row)
    out.fill(row * columns + row + k, 1, unit.raw().data());
  return one(std::move(out).take());
}

// Row `row` keeps the columns up to row + k (lower) or from row + k on (upper).
Array triangle(const Array& in, bool upper, std::int64_t k) {
  const std::int64_t rows = in.shape()[in.rank() - 2], columns = in.shape().back();
  Moved out(in.type(), in.shape());
  for (std::int64_t line = 0; line < in.elements() / columns; ++line) {
    const std::int64_t split =
        std::clamp<std::int64_t>(line % rows + k + (upper ? 0 : 1), 0, columns);
    const std::int64_t first = upper ? split : 0, last = upper ? columns : split;
    copy_elements(out.at(line * columns + first), element_at(in, line * columns + first),
                  last - first, out.element_size());
  }
  return std::move(out).take();
}

Result<Outputs> trilu(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  if (in.rank() < 2) return invalid(fmt::format("has an input of {} axes; at least 2", in.rank()));
  SOLITON_IR_TRY(upper, call.node.integer("upper", 1));
  if (call.has(1) && call.input(1).elements() != 1)
    return invalid("has a k that is not one number");
  if (!call.known()) return one(in.forgotten());
  if (in.elements() == 0) return one(in);
  std::int64_t k = 0;
  if (call.has(1)) {
    SOLITON_IR_TRY(given, integers_of(call, 1, "its k"));
    // Beyond the corners nothing changes, and the sums below stay small.
    k = std::clamp(given[0], -in.shape()[in.rank() - 2] - 1, in.shape().back() + 1);
  }
  return one(triangle(in, upper != 0, k));
}

constexpr Operator kOperators[] = {
    {"Cast", cast},         {"CastLike", cast_like},
    {"Constant", constant}, {"ConstantOfShape", constant_of_shape},
    {"EyeLike", eye_like},  {"Range", range},
    {"Trilu", trilu},
};

}  // namespace

std::span<const Operator> create_operators() { return kOperators; }

}  // namespace soliton::ir
