// Operators that put elements in another order or repeat them.
#include <numeric>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// Output axis i is input axis order[i].
Array transposed(const Array& in, const std::vector<std::size_t>& order) {
  const std::vector<std::int64_t> own = strides_of(in.shape());
  Shape shape;
  Steps steps;
  for (const std::size_t axis : order) {
    shape.push_back(in.shape()[axis]);
    steps.steps.push_back(own[axis]);
  }
  return strided(in, std::move(shape), steps);
}

Result<Outputs> transpose(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  std::vector<std::int64_t> backwards(in.rank());
  for (std::size_t axis = 0; axis < in.rank(); ++axis)
    backwards[axis] = static_cast<std::int64_t>(in.rank() - 1 - axis);
  SOLITON_IR_TRY(perm, call.node.integers("perm", std::move(backwards)));
  if (perm.size() != in.rank())
    return invalid(
        fmt::format("has a perm {} for an array of {} axes", shape_text(perm), in.rank()));
  SOLITON_IR_TRY(order, axes_in(perm, in.rank()));
  return one(transposed(in, order));
}

Result<Outputs> tile(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(repeats, integers_of(call, 1, "its repeats"));
  if (repeats.size() != in.rank())
    return invalid(
        fmt::format("has repeats {} for an array of {} axes", shape_text(repeats), in.rank()));
  Shape shape = in.shape(), view;
  Steps steps;
  const std::vector<std::int64_t> own = strides_of(in.shape());
  for (std::size_t axis = 0; axis < in.rank(); ++axis) {
    if (repeats[axis] < 0 || __builtin_mul_overflow(shape[axis], repeats[axis], &shape[axis]))
      return invalid(fmt::format("has repeats {} for an array of shape {}", shape_text(repeats),
                                 shape_text(in.shape())));
    view.insert(view.end(), {repeats[axis], in.shape()[axis]});
    steps.steps.insert(steps.steps.end(), {0, own[axis]});
  }
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (extent_product(shape, 0, shape.size()) == 0 || !in.known())
    return one(in.known() ? Moved(in.type(), shape).take() : Array::unknown(in.type(), shape));
  return one(strided(in, std::move(view), steps).reshaped(std::move(shape)));
}

// The block size, and that input 0 is [N, C, H, W].
Result<std::int64_t> block_size(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  if (call.input(0).rank() != 4)
    return invalid(fmt::format("has an input of {} axes, not 4", call.input(0).rank()));
  SOLITON_IR_TRY(block, call.node.integer("blocksize", 0));
  if (block < 1 || block > (1 << 15))
    return invalid(fmt::format("has a blocksize {}, not 1 to 32768", block));
  return block;
}

Result<Outputs> depth_to_space(const Call& call) {
  SOLITON_IR_TRY(block, block_size(call));
  SOLITON_IR_TRY(mode, call.node.text("mode", "DCR"));
  if (mode != "DCR" && mode != "CRD") return invalid("has a mode that is neither DCR nor CRD");
  const Array& in = call.input(0);
  const Shape& s = in.shape();
  if (s[1] % (block * block) != 0)
    return invalid(
        fmt::format("has {} channels, which a blocksize of {} does not divide", s[1], block));
  const std::int64_t depth = s[1] / (block * block);
  Shape out = {s[0], depth, 0, 0};
  if (__builtin_mul_overflow(s[2], block, &out[2]) || __builtin_mul_overflow(s[3], block, &out[3]))
    return invalid(
        fmt::format("has a blocksize {} for an array of shape {}", block, shape_text(s)));
  SOLITON_IR_CHECK(check_fits(call, out));
  if (!in.known()) return one(Array::unknown(in.type(), std::move(out)));
  if (in.elements() == 0) return one(in.reshaped(std::move(out)));
  const bool rows_first = mode == "DCR";
  const Array split = in.reshaped(rows_first ? Shape{s[0], block, block, depth, s[2], s[3]}
                                             : Shape{s[0], depth, block, block, s[2], s[3]});
  const std::vector<std::size_t> order = rows_first ? std::vector<std::size_t>{0, 3, 4, 1, 5, 2}
                                                    : std::vector<std::size_t>{0, 1, 4, 2, 5, 3};
  return one(transposed(split, order).reshaped(std::move(out)));
}

Result<Outputs> space_to_depth(const Call& call) {
  SOLITON_IR_TRY(block, block_size(call));
  const Array& in = call.input(0);
  const Shape& s = in.shape();
  if (s[2] % block != 0 || s[3] % block != 0)
    return invalid(fmt::format("has an input of shape {}, which a blocksize of {} does not divide",
                               shape_text(s), block));
  Shape out = {s[0], 0, s[2] / block, s[3] / block};
  if (__builtin_mul_overflow(s[1], block * block, &out[1]))
    return invalid(
        fmt::format("has a blocksize {} for an array of shape {}", block, shape_text(s)));
  SOLITON_IR_CHECK(check_fits(call, out));
  if (!in.known()) return one(Array::unknown(in.type(), std::move(out)));
  if (in.elements() == 0) return one(in.reshaped(std::move(out)));
  const Array split = in.reshaped({s[0], s[1], out[2], block, out[3], block});
  return one(transposed(split, {0, 3, 5, 1, 2, 4}).reshaped(std::move(out)));
}

// Each sequence's first lens[b] steps are turned round. One axis is the time, the other the batch.
Array reversed(const Array& in, bool time_first, std::span<const std::int64_t> lens) {
  const std::int64_t steps = in.shape()[time_first ? 0 : 1], batch = in.shape()[time_first ? 1 : 0];
  const std::int64_t inner = extent_product(in.shape(), 2, in.rank());
  const std::int64_t step_stride = time_first ? batch * inner : inner;
  const std::int64_t batch_stride = time_first ? inner : steps * inner;
  Moved out(in.type(), in.shape());
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t length = lens[static_cast<std::size_t>(b)];
      const std::int64_t from = t < length ? length - 1 - t : t;
      copy_elements(out.at(t * step_stride + b * batch_stride),
                    element_at(in, from * step_stride + b * batch_stride), inner,
                    out.element_size());
    }
  return std::move(out).take();
}

Result<Outputs> reverse_sequence(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  const Array& in = call.input(0);
  if (in.rank() < 2) return invalid(fmt::format("has an input of {} axes; at least 2", in.rank()));
  SOLITON_IR_TRY(batch_axis, call.node.integer("batch_axis", 1));
  SOLITON_IR_TRY(time_axis, call.node.integer("time_axis", 0));
  if (time_axis + batch_axis != 1 || time_axis < 0 || time_axis > 1)
    return invalid("has a batch_axis and a time_axis that are not 0 and 1");
  const std::int64_t batch = in.shape()[static_cast<std::size_t>(batch_axis)];
  const std::int64_t steps = in.shape()[static_cast<std::size_t>(time_axis)];
  if (call.input(1).elements() != batch)
    return invalid(fmt::format("has {} lengths for {} sequences", call.input(1).elements(), batch));
  if (!call.known()) return one(in.forgotten());
  SOLITON_IR_TRY(lens, integers_of(call, 1, "its lengths"));
  for (const std::int64_t length : lens)
    if (length < 0 || length > steps)
      return invalid(fmt::format("has a length {} in sequences of {} steps", length, steps));
  if (in.elements() == 0) return one(in);
  return one(reversed(in, time_axis == 0, lens));
}

constexpr Operator kOperators[] = {
    {"DepthToSpace", depth_to_space}, {"ReverseSequence", reverse_sequence},
    {"SpaceToDepth", space_to_depth}, {"Tile", tile},
    {"Transpose", transpose},
};

}  // namespace

std::span<const Operator> move_operators() { return kOperators; }

}  // namespace soliton::ir
