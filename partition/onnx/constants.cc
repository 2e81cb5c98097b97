// Operators that make constants: given ones, and those computed from shapes.
#include <fmt/format.h>

#include <algorithm>

#include "partition/onnx/chain.h"
#include "partition/onnx/fold.h"

namespace soliton::onnx_import {

namespace {

template <typename List>
ConstantPtr constant_of(Shape shape, List values) {
  return std::make_shared<const Constant>(Constant{std::move(shape), std::move(values)});
}

template <typename List>
ConstantPtr list_of(const List& values) {
  return constant_of({static_cast<std::int64_t>(values.size())}, values);
}

}  // namespace

Status handle_constant(Chain& chain, const Node& node) {
  if (node.attributes.size() != 1) return invalid("does not have exactly one value");
  const Attribute& given = node.attributes.front();
  ConstantPtr value;
  switch (given.kind) {
    case Attribute::Kind::kTensor:
      value = given.tensor;
      break;
    case Attribute::Kind::kInteger:
      value = constant_of({}, Integers{given.integer});
      break;
    case Attribute::Kind::kIntegers:
      value = list_of(given.integers);
      break;
    case Attribute::Kind::kFloat:
      value = constant_of({}, Floats{given.number});
      break;
    case Attribute::Kind::kFloats:
      value = list_of(given.numbers);
      break;
    default:
      return invalid(fmt::format("its {} is of a kind that is not supported", given.name));
  }
  chain.set(node, 0, std::move(value));
  return {};
}

Status handle_shape(Chain& chain, const Node& node) {
  if (!node.has_input(0)) return invalid("has no input");
  Shape shape;
  if (const ConstantPtr constant = chain.constant(node, 0))
    shape = constant->shape;
  else if (const Stream* stream = chain.stream(node, 0))
    std::transform(stream->axes.begin(), stream->axes.end(), std::back_inserter(shape),
                   [](const Axis& a) { return a.size; });
  else
    return invalid("asks for the shape of a constant that depends on the request");
  const auto rank = static_cast<std::int64_t>(shape.size());
  const Result<std::int64_t> start = node.integer("start", 0);
  const Result<std::int64_t> end = node.integer("end", rank);
  if (!start || !end) return invalid("its start or end is not an integer");
  const auto placed = [&](std::int64_t place) {
    return std::clamp<std::int64_t>(place < 0 ? place + rank : place, 0, rank);
  };
  const std::int64_t first = placed(*start);
  const std::int64_t last = std::max(first, placed(*end));
  chain.set(node, 0, integer_list(Shape(shape.begin() + first, shape.begin() + last)));
  return {};
}

namespace {

Result<Shape> shape_argument(const Chain& chain, const Node& node, std::size_t input) {
  const ConstantPtr given = chain.constant(node, input);
  if (!given || given->integers() == nullptr || given->shape.size() > 1)
    return invalid("its shape is not a list of constant integers");
  if (given->integers()->size() > kMaxOnnxDims)
    return invalid(
        fmt::format("makes {} axes; at most {}", given->integers()->size(), kMaxOnnxDims));
  for (const std::int64_t size : *given->integers())
    if (size < 0 && size != kUnknown) return invalid(fmt::format("makes an axis of {}", size));
  return *given->integers();
}

// Shape of `from` broadcast to `to`, sizes known only with the request included.
Result<Shape> broadcast(const Shape& from, const Shape& to) {
  Shape out(std::max(from.size(), to.size()), 1);
  for (std::size_t k = 1; k <= out.size(); ++k) {
    const std::int64_t a = k <= from.size() ? from[from.size() - k] : 1;
    const std::int64_t b = k <= to.size() ? to[to.size() - k] : 1;
    if (a != b && a != 1 && b != 1 && b != kUnknown)
      return invalid(fmt::format("expands an axis of {} to {}", a, b));
    out[out.size() - k] = a == 1 ? b : a;
  }
  return out;
}

}  // namespace

Status handle_constant_of_shape(Chain& chain, const Node& node) {
  const Result<Shape> shape = shape_argument(chain, node, 0);
  if (!shape) return tl::unexpected(shape.error());
  double value = 0;
  bool integer = false;
  if (const Attribute* given = node.find("value")) {
    const std::optional<double> single = given->tensor ? single_value(given->tensor) : std::nullopt;
    if (!single) return invalid("its value is not one number");
    value = *single;
    integer = given->tensor->integers() != nullptr;
  }
  chain.set(node, 0, filled(chain, *shape, value, integer));
  return {};
}

Status handle_expand(Chain& chain, const Node& node) {
  const ConstantPtr constant = chain.constant(node, 0);
  if (!constant)
    return chain.stream(node, 0) ? invalid("expands the data of a request")
                                 : handle_identity(chain, node);
  const Result<Shape> target = shape_argument(chain, node, 1);
  if (!target) return tl::unexpected(target.error());
  const Result<Shape> shape = broadcast(constant->shape, *target);
  if (!shape) return tl::unexpected(shape.error());
  if (const std::optional<double> single = single_value(constant)) {
    chain.set(node, 0, filled(chain, *shape, *single, constant->integers() != nullptr));
    return {};
  }
  if (std::find(shape->begin(), shape->end(), kUnknown) != shape->end())
    return invalid("expands a constant to a size known only with the request");
  Result<ConstantPtr> out = expanded(chain, *constant, *target);
  if (!out) return tl::unexpected(out.error());
  chain.set(node, 0, std::move(*out));
  return {};
}

}  // namespace soliton::onnx_import
