#include "partition/ir/ops/common.h"

#include <array>

#include "partition/ir/element_count.h"

namespace soliton::ir {

Status check_fits(const Call& call, const Shape& shape) {
  if (shape.size() > kMostAxes)
    return invalid(
        fmt::format("would make an array of {} axes; at most {}", shape.size(), kMostAxes));
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count) return invalid(fmt::format("would make an array of shape {}", shape_text(shape)));
  if (*count > call.most_elements)
    return invalid(
        fmt::format("would make {} elements; at most {} here", *count, call.most_elements));
  return {};
}

Status check_inputs(const Call& call, std::size_t least) {
  for (std::size_t k = 0; k < least; ++k)
    if (!call.has(k)) return invalid(fmt::format("lacks its input {}", k));
  return {};
}

Status check_type(const Call& call, std::size_t k, std::span<const ElementType> types) {
  if (!call.has(k)) return invalid(fmt::format("lacks its input {}", k));
  if (std::ranges::find(types, call.input(k).type()) != types.end()) return {};
  return invalid(fmt::format("has an input {} of type {}, which is not supported", k,
                             element_name(call.input(k).type())));
}

Status check_real(const Call& call, std::size_t k) {
  static constexpr std::array kReal = {ElementType::kFloat32, ElementType::kFloat64,
                                       ElementType::kFloat16};
  return check_type(call, k, kReal);
}

Status check_number(const Call& call, std::size_t k) {
  if (!call.has(k)) return invalid(fmt::format("lacks its input {}", k));
  if (call.input(k).type() != ElementType::kBool) return {};
  return invalid(fmt::format("has an input {} of type bool, which is not supported", k));
}

Status check_same_type(const Call& call, std::span<const std::size_t> inputs) {
  for (const std::size_t k : inputs)
    if (call.has(k) && call.input(k).type() != call.input(inputs.front()).type())
      return invalid(fmt::format("has inputs of different types: {} and {}",
                                 element_name(call.input(inputs.front()).type()),
                                 element_name(call.input(k).type())));
  return {};
}

Result<std::vector<std::int64_t>> integers_of(const Call& call, std::size_t k, const char* what) {
  if (!call.has(k)) return invalid(fmt::format("lacks its input {} ({})", k, what));
  const Array& array = call.input(k);
  if (array.type() != ElementType::kInt64 && array.type() != ElementType::kInt32)
    return invalid(
        fmt::format("has {} of type {}, not of integers", what, element_name(array.type())));
  if (!array.known())
    return invalid(fmt::format("has {} that depends on the data of a request", what));
  const Array wide = converted(array, ElementType::kInt64);
  const std::span<const std::int64_t> values = wide.as<std::int64_t>();
  return std::vector<std::int64_t>(values.begin(), values.end());
}

Result<OptionalList> list_of(const Call& call, std::string_view attribute, std::size_t input) {
  OptionalList out;
  if (call.node.find(attribute) != nullptr) {
    SOLITON_IR_TRY(values, call.node.integers(attribute));
    out = {true, std::move(values)};
  } else if (call.has(input)) {
    SOLITON_IR_TRY(values, integers_of(call, input, std::string(attribute).c_str()));
    out = {true, std::move(values)};
  }
  return out;
}

double number_of(const Array& array) {
  return converted(array, ElementType::kFloat64).as<double>()[0];
}

Result<std::size_t> axis_in(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count)
    return invalid(fmt::format("names axis {} of an array of {} axes", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

Result<std::vector<std::size_t>> axes_in(std::span<const std::int64_t> axes, std::size_t rank) {
  std::vector<std::size_t> out;
  for (const std::int64_t axis : axes) {
    SOLITON_IR_TRY(index, axis_in(axis, rank));
    if (std::ranges::find(out, index) != out.end())
      return invalid(fmt::format("names axis {} twice", axis));
    out.push_back(index);
  }
  return out;
}

std::int64_t extent_product(const Shape& shape, std::size_t first, std::size_t last) {
  std::int64_t product = 1;
  for (std::size_t axis = first; axis < last; ++axis) product *= shape[axis];
  return product;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> out(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis > 1; --axis)
    out[axis - 2] = out[axis - 1] * shape[axis - 1];
  return out;
}

Result<Shape> broadcast_shape(std::span<const Shape* const> shapes) {
  std::size_t rank = 0;
  for (const Shape* shape : shapes) rank = std::max(rank, shape->size());
  Shape out(rank, 1);
  for (const Shape* shape : shapes)
    for (std::size_t k = 1; k <= shape->size(); ++k) {
      std::int64_t& extent = out[rank - k];
      const std::int64_t own = (*shape)[shape->size() - k];
      if (own == 1 || own == extent) continue;
      if (extent != 1)
        return invalid(fmt::format("has inputs of shapes {} and {}, which do not broadcast",
                                   shape_text(*shapes.front()), shape_text(*shape)));
      extent = own;
    }
  return out;
}

namespace {

// Steps of an array along each axis of the shape it is broadcast to: 0 where it is repeated.
std::vector<std::int64_t> broadcast_steps(const Shape& out, const Shape& in) {
  std::vector<std::int64_t> steps(out.size(), 0);
  const std::vector<std::int64_t> own = strides_of(in);
  for (std::size_t k = 1; k <= in.size(); ++k)
    if (in[in.size() - k] != 1) steps[out.size() - k] = own[in.size() - k];
  return steps;
}

// Adjacent axes that all arrays pass in one stride are walked as one.
struct Walk {
  Shape extents;
  std::vector<std::int64_t> a, b;
};

Walk merged(const Shape& out, const std::vector<std::int64_t>& a,
            const std::vector<std::int64_t>& b) {
  Walk walk;
  for (std::size_t axis = 0; axis < out.size(); ++axis) {
    if (out[axis] == 1) continue;
    const bool joins = !walk.extents.empty() && walk.a.back() == a[axis] * out[axis] &&
                       walk.b.back() == b[axis] * out[axis];
    if (joins) {
      walk.extents.back() *= out[axis];
      walk.a.back() = a[axis];
      walk.b.back() = b[axis];
    } else {
      walk.extents.push_back(out[axis]);
      walk.a.push_back(a[axis]);
      walk.b.push_back(b[axis]);
    }
  }
  if (walk.extents.empty()) walk = {{1}, {0}, {0}};
  return walk;
}

}  // namespace

void for_each_run(const Shape& out, const Shape& a, const Shape& b,
                  const std::function<void(const BroadcastRun&)>& body) {
  if (std::ranges::find(out, 0) != out.end()) return;
  const Walk walk = merged(out, broadcast_steps(out, a), broadcast_steps(out, b));
  const std::size_t last = walk.extents.size() - 1;
  const Shape outer(walk.extents.begin(), walk.extents.end() - 1);
  BroadcastRun run{0, 0, 0, walk.extents[last], walk.a[last], walk.b[last]};
  for_each_index(outer, [&](const std::vector<std::int64_t>& index) {
    run.a = run.b = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      run.a += index[axis] * walk.a[axis];
      run.b += index[axis] * walk.b[axis];
    }
    body(run);
    run.out += run.count;
  });
}

Array broadcast_to(const Array& array, const Shape& shape) {
  if (array.shape() == shape) return array;
  if (!array.known()) return Array::unknown(array.type(), shape);
  return with_type(array.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> in = array.as<T>();
    std::vector<T> out(static_cast<std::size_t>(Array::unknown(array.type(), shape).elements()));
    for_each_run(shape, array.shape(), array.shape(), [&](const BroadcastRun& run) {
      for (std::int64_t i = 0; i < run.count; ++i)
        out[static_cast<std::size_t>(run.out + i)] =
            in[static_cast<std::size_t>(run.a + i * run.step_a)];
    });
    return Array::of(shape, std::move(out));
  });
}

}  // namespace soliton::ir
