// Operators that cut arrays along axes and join them.
#include <limits>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// The elements a slice takes from one axis: `count` from `first` on, every `step`.
struct Cut {
  std::int64_t first = 0, count = 0, step = 1;
};

// Python's rule: negative indices count from the end, and all are clamped to the axis.
// REQUIRES: step != 0.
Cut cut_of(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step) {
  const std::int64_t low = step < 0 ? -1 : 0, high = step < 0 ? extent - 1 : extent;
  const auto clamped = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + extent : at, low, high);
  };
  const std::int64_t first = clamped(start), last = clamped(end);
  const std::int64_t distance = step < 0 ? first - last : last - first;
  if (extent == 0 || distance <= 0) return {};
  const auto wide = static_cast<std::uint64_t>(step);
  const std::uint64_t length = step < 0 ? 0 - wide : wide;
  const std::uint64_t count = (static_cast<std::uint64_t>(distance) - 1) / length + 1;
  return {first, static_cast<std::int64_t>(count), count == 1 ? 1 : step};
}

struct SliceLists {
  std::vector<std::int64_t> starts, ends, steps;
  std::vector<std::size_t> axes;
};

// Lists are attributes before opset 10 and inputs since.
Result<SliceLists> slice_lists(const Call& call) {
  SOLITON_IR_TRY(starts, list_of(call, "starts", 1));
  SOLITON_IR_TRY(ends, list_of(call, "ends", 2));
  SOLITON_IR_TRY(axes, list_of(call, "axes", 3));
  SOLITON_IR_TRY(steps, list_of(call, "steps", 4));
  if (!starts.given || !ends.given) return invalid("lacks its starts or its ends");
  const std::size_t count = starts.values.size();
  if (!axes.given)
    for (std::size_t k = 0; k < count; ++k) axes.values.push_back(static_cast<std::int64_t>(k));
  if (!steps.given) steps.values.assign(count, 1);
  if (ends.values.size() != count || axes.values.size() != count || steps.values.size() != count)
    return invalid(fmt::format("has {} starts, {} ends, {} axes and {} steps", count,
                               ends.values.size(), axes.values.size(), steps.values.size()));
  SOLITON_IR_TRY(indices, axes_in(axes.values, call.input(0).rank()));
  if (std::ranges::find(steps.values, 0) != steps.values.end()) return invalid("has a step of 0");
  return SliceLists{starts.values, ends.values, steps.values, indices};
}

Result<Outputs> slice(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(lists, slice_lists(call));
  Shape shape = in.shape();
  Steps steps{0, strides_of(shape)};
  for (std::size_t k = 0; k < lists.axes.size(); ++k) {
    const std::size_t axis = lists.axes[k];
    const Cut cut = cut_of(shape[axis], lists.starts[k], lists.ends[k], lists.steps[k]);
    shape[axis] = cut.count;
    if (cut.count == 0 || in.elements() == 0) continue;
    steps.first += cut.first * steps.steps[axis];
    steps.steps[axis] *= cut.step;
  }
  if (shape == in.shape() && std::ranges::all_of(lists.steps, [](auto s) { return s > 0; }))
    return one(in);
  return one(strided(in, std::move(shape), steps));
}

// Parts of one axis of `in`, one after the other.
Outputs parts_of(const Array& in, std::size_t axis, std::span<const std::int64_t> extents) {
  Outputs out;
  Steps steps{0, strides_of(in.shape())};
  for (const std::int64_t extent : extents) {
    Shape shape = in.shape();
    shape[axis] = extent;
    out.push_back(strided(in, std::move(shape), steps));
    steps.first += extent * steps.steps[axis];
  }
  return out;
}

// Equal parts; since opset 18 the last one may be shorter.
Result<std::vector<std::int64_t>> equal_parts(const Call& call, std::int64_t extent) {
  SOLITON_IR_TRY(
      count, call.node.integer("num_outputs", static_cast<std::int64_t>(call.node.outputs.size())));
  if (count < 1 || count > static_cast<std::int64_t>(call.node.outputs.size()))
    return invalid(
        fmt::format("has num_outputs {} and {} outputs", count, call.node.outputs.size()));
  const bool uneven = call.node.find("num_outputs") != nullptr;
  if (!uneven && extent % count != 0)
    return invalid(fmt::format("would split an axis of extent {} into {} parts", extent, count));
  const std::int64_t part = extent / count + (extent % count != 0 ? 1 : 0);
  std::vector<std::int64_t> parts;
  for (std::int64_t k = 0; k < count; ++k) {
    parts.push_back(std::min(part, extent));
    extent -= parts.back();
  }
  return parts;
}

Result<Outputs> split(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(axis_attribute, call.node.integer("axis", 0));
  SOLITON_IR_TRY(axis, axis_in(axis_attribute, in.rank()));
  SOLITON_IR_TRY(list, list_of(call, "split", 1));
  const std::int64_t extent = in.shape()[axis];
  if (!list.given) {
    SOLITON_IR_TRY(parts, equal_parts(call, extent));
    return parts_of(in, axis, parts);
  }
  std::int64_t left = extent;
  bool fits = list.values.size() == call.node.outputs.size();
  for (const std::int64_t part : list.values) {
    fits = fits && part >= 0 && part <= left;
    if (fits) left -= part;
  }
  if (!fits || left != 0)
    return invalid(fmt::format("would split an axis of extent {} into {} parts of {}", extent,
                               call.node.outputs.size(), shape_text(list.values)));
  return parts_of(in, axis, list.values);
}

Result<Shape> concat_shape(const Call& call, std::size_t axis) {
  Shape shape = call.input(0).shape();
  for (std::size_t k = 1; k < call.inputs.size(); ++k) {
    const Shape& own = call.input(k).shape();
    bool same = own.size() == shape.size();
    for (std::size_t a = 0; same && a < own.size(); ++a) same = a == axis || own[a] == shape[a];
    if (!same)
      return invalid(fmt::format("has inputs of shapes {} and {}, which do not join along axis {}",
                                 shape_text(call.input(0).shape()), shape_text(own), axis));
    if (__builtin_add_overflow(shape[axis], own[axis], &shape[axis]))
      return invalid("has inputs that are too long to join");
  }
  return shape;
}

Result<Outputs> concat(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, std::max<std::size_t>(1, call.inputs.size())));
  for (std::size_t k = 1; k < call.inputs.size(); ++k) {
    const std::size_t pair[] = {0, k};
    SOLITON_IR_CHECK(check_same_type(call, pair));
  }
  SOLITON_IR_TRY(axis_attribute, call.node.integer("axis", call.opset < 4 ? 1 : 0));
  SOLITON_IR_TRY(axis, axis_in(axis_attribute, call.input(0).rank()));
  SOLITON_IR_TRY(shape, concat_shape(call, axis));
  SOLITON_IR_CHECK(check_fits(call, shape));
  const ElementType type = call.input(0).type();
  if (!call.known()) return one(Array::unknown(type, shape));
  Moved out(type, shape);
  Steps to{0, strides_of(shape)};
  for (const Array& in : call.inputs) {
    copy_block(out.element_size(), in.shape(), in.raw().data(), {0, strides_of(in.shape())},
               out.at(0), to);
    to.first += in.shape()[axis] * to.steps[axis];
  }
  return one(std::move(out).take());
}

constexpr Operator kOperators[] = {
    {"Concat", concat},
    {"Slice", slice},
    {"Split", split},
};

}  // namespace

std::span<const Operator> slice_operators() { return kOperators; }

}  // namespace soliton::ir
