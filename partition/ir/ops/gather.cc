// Operators that read elements at positions that are data: Gather and its relatives, and those that
// choose by a condition.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/indices.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

Result<Outputs> gather(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  const Array& in = call.input(0);
  const Array& where = call.input(1);
  SOLITON_IR_CHECK(check_indices(call, 1));
  SOLITON_IR_TRY(attribute, call.node.integer("axis", 0));
  SOLITON_IR_TRY(axis, axis_in(attribute, in.rank()));
  Shape shape(in.shape().begin(), in.shape().begin() + static_cast<std::ptrdiff_t>(axis));
  shape.insert(shape.end(), where.shape().begin(), where.shape().end());
  shape.insert(shape.end(), in.shape().begin() + static_cast<std::ptrdiff_t>(axis) + 1,
               in.shape().end());
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!call.known()) return one(Array::unknown(in.type(), std::move(shape)));
  SOLITON_IR_TRY(indices, indices_in(where, axis, in.shape()[axis]));
  return one(picked(in, axis, indices).reshaped(std::move(shape)));
}

Result<Outputs> gather_elements(const Call& call) {
  SOLITON_IR_TRY(axis, check_elementwise_indices(call));
  const Array& in = call.input(0);
  const Shape& shape = call.input(1).shape();
  if (!call.known()) return one(Array::unknown(in.type(), shape));
  SOLITON_IR_TRY(indices, indices_in(call.input(1), axis, in.shape()[axis]));
  Moved out(in.type(), shape);
  for_each_line(shape, in.shape(), axis, [&](const IndexLine& line) {
    for (std::int64_t i = 0; i < line.count; ++i) {
      const std::int64_t at = line.index + i;
      copy_element(out.at(at),
                   element_at(in, line.data + i * line.data_step +
                                      indices[static_cast<std::size_t>(at)] * line.axis_step),
                   out.element_size());
    }
  });
  return one(std::move(out).take());
}

Result<Outputs> gather_nd(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  const Array& in = call.input(0);
  const Array& where = call.input(1);
  SOLITON_IR_TRY(batch, call.node.integer("batch_dims", 0));
  SOLITON_IR_TRY(tuples, tuples_of(call, batch));
  Shape shape(where.shape().begin(), where.shape().end() - 1);
  shape.insert(shape.end(), in.shape().begin() + batch + tuples.length, in.shape().end());
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!call.known()) return one(Array::unknown(in.type(), std::move(shape)));
  Moved out(in.type(), shape);
  if (extent_product(shape, 0, shape.size()) == 0) return one(std::move(out).take());
  SOLITON_IR_TRY(offsets, tuple_offsets(in.shape(), where, batch));
  for (std::size_t k = 0; k < offsets.size(); ++k)
    copy_elements(out.at(static_cast<std::int64_t>(k) * tuples.inner), element_at(in, offsets[k]),
                  tuples.inner, out.element_size());
  return one(std::move(out).take());
}

// The positions where an array is not zero, row-major.
std::vector<std::int64_t> true_positions(const Array& array) {
  const Array truth = converted(array, ElementType::kBool);
  const std::span<const Bool> values = truth.as<Bool>();
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].value) out.push_back(static_cast<std::int64_t>(i));
  return out;
}

// A condition shorter than the axis leaves out the rest; one that is longer may only be false there.
Result<Outputs> compress(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  if (!call.input(1).known())
    return invalid("has a condition that depends on the data of a request");
  Array in = call.input(0);
  std::size_t axis = 0;
  if (call.node.find("axis") != nullptr) {
    SOLITON_IR_TRY(attribute, call.node.integer("axis", 0));
    SOLITON_IR_TRY(named, axis_in(attribute, in.rank()));
    axis = named;
  } else {
    in = in.reshaped({in.elements()});
  }
  const std::vector<std::int64_t> picks = true_positions(call.input(1));
  if (!picks.empty() && picks.back() >= in.shape()[axis])
    return invalid(fmt::format("has a condition that chooses index {} of an axis of extent {}",
                               picks.back(), in.shape()[axis]));
  return one(picked(in, axis, picks));
}

// [axes, positions]; a scalar has no axes.
Result<Outputs> non_zero(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Array& in = call.input(0);
  if (!in.known()) return invalid("makes as many elements as the data of a request say");
  const std::vector<std::int64_t> positions = true_positions(in);
  const Shape shape = {static_cast<std::int64_t>(in.rank()),
                       static_cast<std::int64_t>(positions.size())};
  SOLITON_IR_CHECK(check_fits(call, shape));
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(extent_product(shape, 0, 2)));
  const std::vector<std::int64_t> strides = strides_of(in.shape());
  for (std::size_t axis = 0; axis < in.rank(); ++axis)
    for (const std::int64_t position : positions)
      out.push_back(position / strides[axis] % in.shape()[axis]);
  return one(Array::of(shape, std::move(out)));
}

Result<std::int64_t> one_hot_depth(const Call& call) {
  const Array& depth = call.input(1);
  if (depth.elements() != 1) return invalid("has a depth that is not one number");
  if (!depth.known()) return invalid("has a depth that depends on the data of a request");
  return converted(depth, ElementType::kInt64).as<std::int64_t>()[0];
}

// values = [off, on]; an index outside of -depth … depth-1 has no place that is on.
Result<Outputs> one_hot(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_TRY(depth, one_hot_depth(call));
  const Array& values = call.input(2);
  if (values.elements() != 2) return invalid("has values that are not two numbers");
  SOLITON_IR_TRY(attribute, call.node.integer("axis", -1));
  Shape shape = call.input(0).shape();
  SOLITON_IR_TRY(axis, axis_in(attribute, shape.size() + 1));
  shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!call.known()) return one(Array::unknown(values.type(), std::move(shape)));
  const Array indices = converted(call.input(0), ElementType::kInt64);
  Moved out(values.type(), shape);
  out.fill(0, extent_product(shape, 0, shape.size()), element_at(values, 0));
  const std::int64_t inner = view_of(shape, axis).inner;
  for (std::int64_t k = 0; k < indices.elements(); ++k) {
    const std::int64_t given = indices.as<std::int64_t>()[static_cast<std::size_t>(k)];
    const std::int64_t index = given < 0 ? given + depth : given;
    if (index < 0 || index >= depth) continue;
    copy_element(out.at((k / inner * depth + index) * inner + k % inner), element_at(values, 1),
                 out.element_size());
  }
  return one(std::move(out).take());
}

constexpr Operator kOperators[] = {
    {"Compress", compress},  {"Gather", gather},    {"GatherElements", gather_elements},
    {"GatherND", gather_nd}, {"NonZero", non_zero}, {"OneHot", one_hot},
};

}  // namespace

std::span<const Operator> gather_operators() { return kOperators; }

}  // namespace soliton::ir
