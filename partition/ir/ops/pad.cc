// Pad: a constant, or the array's own elements mirrored, repeated or wrapped. Negative pads cut.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// Elements added before and after each axis.
struct Pads {
  std::vector<std::int64_t> before, after;
};

// Pads are an attribute before opset 11 (named paddings in opset 1) and an input since.
Result<Pads> pads_of(const Call& call) {
  const std::size_t rank = call.input(0).rank();
  SOLITON_IR_TRY(list, list_of(call, "pads", 1));
  SOLITON_IR_TRY(old, list_of(call, "paddings", call.inputs.size()));
  if (!list.given) list = old;
  if (!list.given) return invalid("lacks its pads");
  std::vector<std::int64_t> all(rank);
  for (std::size_t axis = 0; axis < rank; ++axis) all[axis] = static_cast<std::int64_t>(axis);
  if (call.has(3)) {
    SOLITON_IR_TRY(named, integers_of(call, 3, "its axes"));
    all = named;
  }
  SOLITON_IR_TRY(axes, axes_in(all, rank));
  if (list.values.size() != 2 * axes.size())
    return invalid(fmt::format("has {} pads for {} axes", list.values.size(), axes.size()));
  Pads pads{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0)};
  for (std::size_t k = 0; k < axes.size(); ++k) {
    pads.before[axes[k]] = list.values[k];
    pads.after[axes[k]] = list.values[axes.size() + k];
  }
  return pads;
}

// Extents after cutting and after padding. Errors: more is cut than is there; too large.
struct PadShapes {
  Shape cut, out;
};
Result<PadShapes> pad_shapes(const Call& call, const Pads& pads) {
  PadShapes shapes{call.input(0).shape(), {}};
  for (std::size_t axis = 0; axis < shapes.cut.size(); ++axis) {
    std::int64_t& cut = shapes.cut[axis];
    const std::int64_t extent = cut;
    for (const std::int64_t pad : {pads.before[axis], pads.after[axis]})
      cut = pad < 0 && cut >= 0 ? cut + std::max(pad, -extent - 1) : cut;
    std::int64_t out = cut;
    bool wrong = cut < 0;
    for (const std::int64_t pad : {pads.before[axis], pads.after[axis]})
      wrong = wrong || (pad > 0 && __builtin_add_overflow(out, pad, &out));
    if (wrong)
      return invalid(fmt::format("has pads {} and {} of an axis of extent {}", pads.before[axis],
                                 pads.after[axis], extent));
    shapes.out.push_back(out);
  }
  SOLITON_IR_CHECK(check_fits(call, shapes.out));
  return shapes;
}

// The array without what negative pads cut.
Array cut(const Array& in, const Pads& pads, const Shape& shape) {
  if (shape == in.shape()) return in;
  Steps steps{0, strides_of(in.shape())};
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (pads.before[axis] < 0 && in.elements() > 0)
      steps.first -= pads.before[axis] * steps.steps[axis];
  return strided(in, shape, steps);
}

// The value is an attribute before opset 11 and an input since.
Result<Array> pad_value(const Call& call) {
  const ElementType type = call.input(0).type();
  if (!call.has(2)) {
    SOLITON_IR_TRY(value, call.node.real("value", 0));
    return converted(Array::scalar(value), type);
  }
  const Array& value = call.input(2);
  if (value.elements() != 1 || value.type() != type)
    return invalid("has a constant_value that is not one number of its input's type");
  return value;
}

Array constant_padded(const Array& in, const Pads& pads, const Shape& shape, const Array& value) {
  Moved out(in.type(), shape);
  out.fill(0, extent_product(shape, 0, shape.size()), value.raw().data());
  Steps to{0, strides_of(shape)};
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    to.first += std::max<std::int64_t>(pads.before[axis], 0) * to.steps[axis];
  copy_block(out.element_size(), in.shape(), in.raw().data(), {0, strides_of(in.shape())},
             out.at(0), to);
  return std::move(out).take();
}

enum class PadMode : std::uint8_t { kConstant, kReflect, kEdge, kWrap };

// The index of the element that stands at `at`, which may be outside of 0 … extent-1.
std::int64_t source_of(PadMode mode, std::int64_t at, std::int64_t extent) {
  if (mode == PadMode::kEdge) return std::clamp<std::int64_t>(at, 0, extent - 1);
  const std::int64_t period =
      mode == PadMode::kWrap ? extent : std::max<std::int64_t>(2 * (extent - 1), 1);
  const std::int64_t rest = at % period, inside = rest < 0 ? rest + period : rest;
  return inside < extent ? inside : period - inside;
}

// Axis after axis; the order does not change what is copied.
Result<Array> self_padded(Array in, const Pads& pads, const Shape& shape, PadMode mode) {
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t extent = in.shape()[axis];
    if (shape[axis] == extent) continue;
    if (extent == 0) return invalid(fmt::format("would pad axis {}, which is empty", axis));
    std::vector<std::int64_t> picks(static_cast<std::size_t>(shape[axis]));
    for (std::size_t i = 0; i < picks.size(); ++i)
      picks[i] = source_of(
          mode, static_cast<std::int64_t>(i) - std::max<std::int64_t>(pads.before[axis], 0),
          extent);
    in = picked(in, axis, picks);
  }
  return in;
}

Result<PadMode> mode_of(const Call& call) {
  SOLITON_IR_TRY(name, call.node.text("mode", "constant"));
  constexpr std::pair<std::string_view, PadMode> kNames[] = {{"constant", PadMode::kConstant},
                                                             {"reflect", PadMode::kReflect},
                                                             {"edge", PadMode::kEdge},
                                                             {"wrap", PadMode::kWrap}};
  for (const auto& [known, mode] : kNames)
    if (name == known) return mode;
  return invalid("has a mode that is none of constant, reflect, edge, wrap");
}

Result<Outputs> pad(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  SOLITON_IR_TRY(mode, mode_of(call));
  SOLITON_IR_TRY(pads, pads_of(call));
  SOLITON_IR_TRY(shapes, pad_shapes(call, pads));
  SOLITON_IR_TRY(value, pad_value(call));
  const Array& in = call.input(0);
  if (!in.known() || !value.known()) return one(Array::unknown(in.type(), shapes.out));
  if (extent_product(shapes.out, 0, in.rank()) == 0)
    return one(Moved(in.type(), shapes.out).take());
  const Array kept = cut(in, pads, shapes.cut);
  if (mode == PadMode::kConstant) return one(constant_padded(kept, pads, shapes.out, value));
  SOLITON_IR_TRY(padded, self_padded(kept, pads, shapes.out, mode));
  return one(std::move(padded));
}

constexpr Operator kOperators[] = {{"Pad", pad}};

}  // namespace

std::span<const Operator> pad_operators() { return kOperators; }

}  // namespace soliton::ir
