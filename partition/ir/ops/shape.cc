// Operators that keep the elements and change their shape, and those that tell a shape.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

Result<Outputs> identity(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  return one(call.input(0));
}

Array all_true(const Array& like) {
  if (!like.known()) return Array::unknown(ElementType::kBool, like.shape());
  return Array::of(like.shape(),
                   std::vector<Bool>(static_cast<std::size_t>(like.elements()), Bool(true)));
}

// Only inference: nothing is dropped. The mask was of the data's type before opset 10.
Result<Outputs> dropout(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  if (call.has(2)) {
    const Array& training = call.input(2);
    if (!training.known() || training.elements() != 1)
      return invalid("has a training_mode that is not one constant");
    const bool keeps = call.has(1) && call.input(1).known() && call.input(1).elements() == 1 &&
                       number_of(call.input(1)) == 0;
    if (number_of(training) != 0 && !keeps)
      return invalid("is in training_mode; only inference is supported");
  }
  Outputs out = {in};
  if (call.node.wants(1))
    out.push_back(call.opset < 10 ? converted(all_true(in), in.type()) : all_true(in));
  return out;
}

// Input 0 in another shape.
Result<Outputs> as_shape(const Call& call, Shape shape) {
  const Array& in = call.input(0);
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (extent_product(shape, 0, shape.size()) != in.elements())
    return invalid(
        fmt::format("would make {} from an array of shape {}, which has another number of elements",
                    shape_text(shape), shape_text(in.shape())));
  return one(in.reshaped(std::move(shape)));
}

// 0 copies an extent unless `allowzero`; one -1 takes what is left.
Result<Outputs> reshape(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(target, list_of(call, "shape", 1));
  if (!target.given) return invalid("lacks its shape");
  SOLITON_IR_TRY(allow_zero, call.node.integer("allowzero", 0));
  Shape shape = target.values;
  std::size_t open = shape.size();
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0 && allow_zero == 0) {
      if (axis >= in.rank())
        return invalid(fmt::format("has a shape {} that copies axis {} of an array of {} axes",
                                   shape_text(target.values), axis, in.rank()));
      shape[axis] = in.shape()[axis];
    } else if (shape[axis] == -1) {
      if (open != shape.size())
        return invalid(fmt::format("has a shape {} with -1 twice", shape_text(target.values)));
      open = axis;
    }
  }
  if (open == shape.size()) return as_shape(call, std::move(shape));
  shape[open] = 1;
  SOLITON_IR_CHECK(check_fits(call, shape));
  const std::int64_t rest = extent_product(shape, 0, shape.size());
  if (rest == 0 || in.elements() % rest != 0)
    return invalid(fmt::format("has a shape {} that does not divide an array of shape {}",
                               shape_text(target.values), shape_text(in.shape())));
  shape[open] = in.elements() / rest;
  return as_shape(call, std::move(shape));
}

Result<Outputs> flatten(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(axis, call.node.integer("axis", 1));
  const auto rank = static_cast<std::int64_t>(in.rank());
  if (axis < -rank || axis > rank)
    return invalid(fmt::format("names axis {} of an array of {} axes", axis, rank));
  const auto split = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  return as_shape(
      call, {extent_product(in.shape(), 0, split), extent_product(in.shape(), split, in.rank())});
}

Result<Outputs> squeeze(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Shape& shape = call.input(0).shape();
  SOLITON_IR_TRY(list, list_of(call, "axes", 1));
  SOLITON_IR_TRY(axes, axes_in(list.values, shape.size()));
  for (const std::size_t axis : axes)
    if (shape[axis] != 1)
      return invalid(
          fmt::format("would remove axis {} of an array of shape {}", axis, shape_text(shape)));
  Shape out;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const bool named = std::ranges::find(axes, axis) != axes.end();
    if (axes.empty() ? shape[axis] != 1 : !named) out.push_back(shape[axis]);
  }
  return as_shape(call, std::move(out));
}

Result<Outputs> unsqueeze(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Shape& shape = call.input(0).shape();
  SOLITON_IR_TRY(list, list_of(call, "axes", 1));
  if (!list.given) return invalid("lacks its axes");
  if (list.values.size() > kMostAxes)
    return invalid(fmt::format("names {} axes; at most {}", list.values.size(), kMostAxes));
  SOLITON_IR_TRY(axes, axes_in(list.values, shape.size() + list.values.size()));
  Shape out(shape.size() + axes.size(), 0);
  for (const std::size_t axis : axes) out[axis] = 1;
  auto next = shape.begin();
  for (std::int64_t& extent : out)
    if (extent == 0) extent = *next++;
  return as_shape(call, std::move(out));
}

// The shape is known even where the elements are not.
Result<Outputs> shape_of(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Shape& shape = call.input(0).shape();
  const auto rank = static_cast<std::int64_t>(shape.size());
  SOLITON_IR_TRY(start, call.node.integer("start", 0));
  SOLITON_IR_TRY(end, call.node.integer("end", rank));
  const auto clamped = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t first = clamped(start), last = std::max(first, clamped(end));
  return one(Array::integers({shape.begin() + first, shape.begin() + last}));
}

Result<Outputs> size_of(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  return one(Array::scalar<std::int64_t>(call.input(0).elements()));
}

Result<Outputs> expand(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  SOLITON_IR_TRY(target, integers_of(call, 1, "its shape"));
  if (std::ranges::any_of(target, [](std::int64_t extent) { return extent < 0; }))
    return invalid(fmt::format("would make an array of shape {}", shape_text(target)));
  const Shape* shapes[] = {&call.input(0).shape(), &target};
  SOLITON_IR_TRY(shape, broadcast_shape(shapes));
  SOLITON_IR_CHECK(check_fits(call, shape));
  const Array& in = call.input(0);
  Steps steps{0, std::vector<std::int64_t>(shape.size(), 0)};
  const std::vector<std::int64_t> own = strides_of(in.shape());
  for (std::size_t axis = 0; axis < own.size(); ++axis)
    if (in.shape()[axis] != 1) steps.steps[axis + shape.size() - own.size()] = own[axis];
  return one(strided(in, std::move(shape), steps));
}

constexpr Operator kOperators[] = {
    {"Dropout", dropout},   {"Expand", expand},   {"Flatten", flatten},
    {"Identity", identity}, {"Reshape", reshape}, {"Shape", shape_of},
    {"Size", size_of},      {"Squeeze", squeeze}, {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const Operator> shape_operators() { return kOperators; }

}  // namespace soliton::ir
