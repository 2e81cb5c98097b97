// If, Loop and Scan: operators that run bodies. A body gets its formal inputs and then the values
// that it captures from outside (Attribute::graph).
#include <array>
#include <optional>

#include "partition/ir/evaluate.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

// Ends loops that damaged or endless models never would.
constexpr std::int64_t kMostIterations = std::int64_t{1} << 20;

// Inputs of the node that are not captured.
std::size_t formal_inputs(const Call& call) {
  return call.inputs.size() - std::min(call.inputs.size(), call.node.captured);
}
std::span<const Array> captured(const Call& call) {
  return call.inputs.subspan(formal_inputs(call));
}

// The body of that name, with as many inputs as it will get (`formal` and the captured ones).
Result<const Graph*> body_of(const Call& call, std::string_view name, std::size_t formal) {
  const Attribute* attribute = call.node.find(name);
  if (attribute == nullptr || attribute->graph == nullptr)
    return invalid(fmt::format("has no {}", name));
  const std::size_t inputs = formal + captured(call).size();
  if (attribute->graph->inputs.size() != inputs)
    return invalid(fmt::format("has a {} of {} inputs, which gets {}", name,
                               attribute->graph->inputs.size(), inputs));
  return attribute->graph.get();
}

Result<Outputs> run(const Graph& body, std::vector<Array> inputs, const Call& call,
                    const Observer& observer = {}) {
  const std::span<const Array> more = captured(call);
  inputs.insert(inputs.end(), more.begin(), more.end());
  Result<Outputs> outputs = evaluate(body, inputs, observer);
  if (!outputs) return invalid("has a body in which " + outputs.error().message);
  return outputs;
}

// Work of a body, of which `inputs` are the formal inputs. What cannot run costs nothing.
Work work_of_body(const Graph& body, std::vector<Array> inputs, const Call& call) {
  Work work;
  (void)run(body, std::move(inputs), call,
            [&](std::size_t, const Call& inner, const Outputs& outputs) {
              work += work_of(*inner.node.kind, inner, outputs);
              return true;
            });
  return work;
}
Work times(const Work& work, std::int64_t count) {
  return {saturating_product({work.multiply_adds, count}),
          saturating_product({work.operations, count})};
}

// A truth value: true or false, or nothing if it is not known.
Result<std::optional<bool>> truth(const Array& array, const char* what) {
  if (array.type() != ElementType::kBool || array.elements() != 1)
    return invalid(fmt::format("has {} that is not one truth value", what));
  if (!array.known()) return std::optional<bool>();
  return std::optional<bool>(array.as<Bool>()[0].value);
}

Status check_alike(const Array& a, const Array& b, const char* what, std::size_t k) {
  if (a.type() == b.type() && a.shape() == b.shape()) return {};
  return invalid(fmt::format("has {} {} of {} {} and of {} {}", what, k, element_name(a.type()),
                             shape_text(a.shape()), element_name(b.type()), shape_text(b.shape())));
}

struct Branches {
  const Graph* then_branch;
  const Graph* else_branch;
  std::optional<bool> condition;
};

Result<Branches> branches_of(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  SOLITON_IR_TRY(then_branch, body_of(call, "then_branch", 0));
  SOLITON_IR_TRY(else_branch, body_of(call, "else_branch", 0));
  SOLITON_IR_TRY(condition, truth(call.input(0), "a condition"));
  return Branches{then_branch, else_branch, condition};
}

Result<Outputs> if_else(const Call& call) {
  SOLITON_IR_TRY(branches, branches_of(call));
  if (branches.condition)
    return run(*branches.condition ? *branches.then_branch : *branches.else_branch, {}, call);
  SOLITON_IR_TRY(a, run(*branches.then_branch, {}, call));
  SOLITON_IR_TRY(b, run(*branches.else_branch, {}, call));
  if (a.size() != b.size())
    return invalid(fmt::format("has branches of {} and {} outputs", a.size(), b.size()));
  Outputs out;
  for (std::size_t k = 0; k < a.size(); ++k) {
    SOLITON_IR_CHECK(
        check_alike(a[k], b[k], "a condition that depends on the data of a request and output", k));
    out.push_back(a[k].forgotten());
  }
  return out;
}

Work if_work(const Call& call, const Outputs&) {
  const Result<Branches> branches = branches_of(call);
  if (!branches) return {};
  const Work a = work_of_body(*branches->then_branch, {}, call);
  const Work b = work_of_body(*branches->else_branch, {}, call);
  if (branches->condition) return *branches->condition ? a : b;
  return a.multiply_adds + a.operations / 2 >= b.multiply_adds + b.operations / 2 ? a : b;
}

// Values of an output of a body, one for each iteration, joined along a new axis.
struct Stack {
  std::vector<Array> parts;

  Status add(const Call& call, Array part, std::size_t output) {
    if (!parts.empty())
      SOLITON_IR_CHECK(check_alike(parts.front(), part, "iterations that make output", output));
    parts.push_back(std::move(part));
    Shape whole = parts.front().shape();
    whole.insert(whole.begin(), static_cast<std::int64_t>(parts.size()));
    return check_fits(call, whole);
  }
  // REQUIRES: at least one part.
  Array joined(std::size_t axis) const {
    Shape shape = parts.front().shape();
    const std::size_t outer = to_size(extent_product(shape, 0, axis));
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis),
                 static_cast<std::int64_t>(parts.size()));
    for (const Array& part : parts)
      if (!part.known()) return Array::unknown(part.type(), shape);
    return with_type(parts.front().type(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const std::size_t inner = outer == 0 ? 0 : to_size(parts.front().elements()) / outer;
      std::vector<T> out;
      out.reserve(outer * inner * parts.size());
      for (std::size_t o = 0; o < outer; ++o)
        for (const Array& part : parts) {
          const std::span<const T> piece = part.as<T>().subspan(o * inner, inner);
          out.insert(out.end(), piece.begin(), piece.end());
        }
      return Array::of(shape, std::move(out));
    });
  }
};

// A known array of a shape that has no elements.
Array without_elements(ElementType type, const Shape& shape) {
  return with_type(type, [&](auto tag) {
    return Array::of(shape, std::vector<typename decltype(tag)::type>());
  });
}

// A Loop: inputs are the most iterations, the first condition, and the carried values; the body's are
// the iteration, the condition, and the carried values; its outputs are the next condition, the next
// carried values, and values to be stacked.
struct Loop {
  const Graph* body = nullptr;
  std::size_t carried = 0, stacked = 0;
  std::optional<std::int64_t> most;  // nothing: not known
  std::optional<bool> condition;     // nothing: not known
  std::vector<Array> values;         // carried
};

Result<Loop> loop_of(const Call& call) {
  if (formal_inputs(call) < 2) return invalid("lacks its inputs 0 and 1");
  Loop loop;
  loop.carried = formal_inputs(call) - 2;
  SOLITON_IR_TRY(body, body_of(call, "body", formal_inputs(call)));
  loop.body = body;
  if (body->outputs.size() < 1 + loop.carried)
    return invalid(fmt::format("has a body of {} outputs for {} carried values",
                               body->outputs.size(), loop.carried));
  loop.stacked = body->outputs.size() - 1 - loop.carried;
  for (std::size_t k = 0; k < loop.carried; ++k) {
    if (!call.has(2 + k)) return invalid(fmt::format("lacks its input {}", 2 + k));
    loop.values.push_back(call.input(2 + k));
  }
  loop.most = std::numeric_limits<std::int64_t>::max();
  if (const Array& most = call.input(0); most.present()) {
    if (most.type() != ElementType::kInt64 || most.elements() != 1)
      return invalid("has a number of iterations that is not one int64");
    loop.most = std::nullopt;
    if (most.known()) loop.most = most.as<std::int64_t>()[0];
  }
  loop.condition = true;
  if (call.has(1)) {
    SOLITON_IR_TRY(condition, truth(call.input(1), "a condition"));
    loop.condition = condition;
  }
  return loop;
}

Result<Outputs> iteration(const Call& call, const Loop& loop, const Array& number) {
  const Array condition = loop.condition ? Array::scalar(Bool(*loop.condition))
                                         : Array::unknown(ElementType::kBool, {});
  std::vector<Array> inputs = {number, condition};
  inputs.insert(inputs.end(), loop.values.begin(), loop.values.end());
  return run(*loop.body, std::move(inputs), call);
}

// The number of iterations is not known: every carried value keeps its shape, and there is nothing to
// stack.
Result<Outputs> loop_of_unknown_length(const Call& call, Loop loop) {
  if (loop.stacked != 0)
    return invalid("has a number of iterations that depends on the data of a request");
  for (Array& value : loop.values) value = value.forgotten();
  SOLITON_IR_TRY(made, iteration(call, loop, Array::unknown(ElementType::kInt64, {})));
  for (std::size_t k = 0; k < loop.carried; ++k)
    SOLITON_IR_CHECK(check_alike(loop.values[k], made[k + 1],
                                 "a number of iterations that depends on the data of a request and "
                                 "carried value",
                                 k));
  return loop.values;
}

Result<Outputs> finished(const Call& call, const Loop& loop, const std::vector<Stack>& stacks) {
  Outputs out = loop.values;
  Outputs shapes;
  if (!stacks.empty() && stacks.front().parts.empty()) {
    Loop idle = loop;
    for (Array& value : idle.values) value = value.forgotten();
    SOLITON_IR_TRY(made, iteration(call, idle, Array::unknown(ElementType::kInt64, {})));
    shapes = std::move(made);
  }
  for (std::size_t k = 0; k < stacks.size(); ++k) {
    if (!stacks[k].parts.empty()) {
      out.push_back(stacks[k].joined(0));
      continue;
    }
    const Array& part = shapes[1 + loop.carried + k];
    Shape shape = part.shape();
    shape.insert(shape.begin(), 0);
    SOLITON_IR_CHECK(check_fits(call, shape));
    out.push_back(without_elements(part.type(), shape));
  }
  return out;
}

Result<Outputs> loop(const Call& call) {
  SOLITON_IR_TRY(loop, loop_of(call));
  const Loop start = loop;
  std::vector<Stack> stacks(loop.stacked);
  for (std::int64_t i = 0; loop.most && loop.condition && *loop.condition && i < *loop.most; ++i) {
    if (i == kMostIterations)
      return invalid(fmt::format("would run more than {} iterations", kMostIterations));
    SOLITON_IR_TRY(made, iteration(call, loop, Array::scalar(i)));
    SOLITON_IR_TRY(condition, truth(made[0], "a body with a condition"));
    loop.condition = condition;
    for (std::size_t k = 0; k < loop.carried; ++k) loop.values[k] = made[1 + k];
    for (std::size_t k = 0; k < loop.stacked; ++k)
      SOLITON_IR_CHECK(stacks[k].add(call, made[1 + loop.carried + k], loop.carried + k));
  }
  if (!loop.most || !loop.condition) return loop_of_unknown_length(call, start);
  return finished(call, loop, stacks);
}

// As if every iteration cost what the first one does.
Work loop_work(const Call& call, const Outputs& outputs) {
  const Result<Loop> loop = loop_of(call);
  if (!loop) return {};
  std::int64_t count = loop->most.value_or(1);
  if (loop->stacked != 0 && outputs.size() > loop->carried && !outputs.back().shape().empty())
    count = outputs.back().shape()[0];
  if (count > kMostIterations) count = 1;
  std::vector<Array> inputs = {Array::scalar(std::int64_t{0}), Array::scalar(Bool(true))};
  inputs.insert(inputs.end(), loop->values.begin(), loop->values.end());
  return times(work_of_body(*loop->body, std::move(inputs), call),
               std::max<std::int64_t>(0, count));
}

// A Scan: inputs are states and then arrays that are taken apart along an axis; the body gets the
// states and one slice of each, and makes the next states and values to be stacked.
struct Scan {
  const Graph* body = nullptr;
  std::size_t states = 0, scanned = 0, stacked = 0;
  std::vector<std::size_t> axes;  // of the scanned inputs
  std::vector<std::int64_t> backward, stacked_axes, stacked_backward;
  std::int64_t length = 0;
};

Result<std::vector<std::int64_t>> list_or_zeros(const Call& call, std::string_view attribute,
                                                std::size_t count) {
  SOLITON_IR_TRY(values, call.node.integers(attribute));
  if (values.empty()) values.assign(count, 0);
  if (values.size() != count)
    return invalid(
        fmt::format("has {} values in {} instead of {}", values.size(), attribute, count));
  return std::move(values);
}

Status read_axes(const Call& call, Scan& scan) {
  SOLITON_IR_TRY(axes, list_or_zeros(call, "scan_input_axes", scan.scanned));
  SOLITON_IR_TRY(backward, list_or_zeros(call, "scan_input_directions", scan.scanned));
  SOLITON_IR_TRY(stacked_axes, list_or_zeros(call, "scan_output_axes", scan.stacked));
  SOLITON_IR_TRY(stacked_backward, list_or_zeros(call, "scan_output_directions", scan.stacked));
  scan.backward = backward;
  scan.stacked_axes = stacked_axes;
  scan.stacked_backward = stacked_backward;
  for (std::size_t k = 0; k < scan.scanned; ++k) {
    const Array& array = call.input(scan.states + k);
    SOLITON_IR_TRY(axis, axis_in(axes[k], array.rank()));
    scan.axes.push_back(axis);
    if (k == 0) scan.length = array.shape()[axis];
    if (array.shape()[axis] != scan.length)
      return invalid(
          fmt::format("has inputs of {} and {} steps", scan.length, array.shape()[axis]));
  }
  return {};
}

Result<Scan> scan_of(const Call& call) {
  if (call.opset < 9) return invalid("is of an opset before 9, which is not supported");
  const std::size_t formal = formal_inputs(call);
  SOLITON_IR_CHECK(check_inputs(call, formal));
  SOLITON_IR_TRY(scanned, call.node.integer("num_scan_inputs", 0));
  if (scanned < 1 || scanned > static_cast<std::int64_t>(formal))
    return invalid(fmt::format("has {} scanned inputs of {}", scanned, formal));
  Scan scan;
  scan.scanned = to_size(scanned);
  scan.states = formal - scan.scanned;
  SOLITON_IR_TRY(body, body_of(call, "body", formal));
  scan.body = body;
  if (body->outputs.size() < scan.states)
    return invalid(
        fmt::format("has a body of {} outputs for {} states", body->outputs.size(), scan.states));
  scan.stacked = body->outputs.size() - scan.states;
  SOLITON_IR_CHECK(read_axes(call, scan));
  if (scan.length > kMostIterations)
    return invalid(fmt::format("would run more than {} iterations", kMostIterations));
  return scan;
}

// The slice at an index of an axis.
Array slice(const Array& array, std::size_t axis, std::int64_t index) {
  Shape shape = array.shape();
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  if (!array.known()) return Array::unknown(array.type(), shape);
  const std::size_t outer = to_size(extent_product(shape, 0, axis));
  const std::size_t inner = to_size(extent_product(shape, axis, shape.size()));
  const std::size_t extent = to_size(array.shape()[axis]);
  return with_type(array.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> out;
    out.reserve(outer * inner);
    for (std::size_t o = 0; o < outer; ++o) {
      const auto piece = array.as<T>().subspan((o * extent + to_size(index)) * inner, inner);
      out.insert(out.end(), piece.begin(), piece.end());
    }
    return Array::of(shape, std::move(out));
  });
}

// What the body gets in one iteration; a negative number stands for any, with unknown slices.
std::vector<Array> scan_inputs(const Call& call, const Scan& scan, const Outputs& states,
                               std::int64_t number) {
  std::vector<Array> inputs = states;
  for (std::size_t k = 0; k < scan.scanned; ++k) {
    const Array& array = call.input(scan.states + k);
    const std::int64_t at = scan.backward[k] != 0 ? scan.length - 1 - number : number;
    inputs.push_back(number < 0 ? slice(array.forgotten(), scan.axes[k], 0)
                                : slice(array, scan.axes[k], at));
  }
  return inputs;
}

Outputs first_states(const Call& call, const Scan& scan) {
  return {call.inputs.begin(), call.inputs.begin() + static_cast<std::ptrdiff_t>(scan.states)};
}

// Shapes alone, from one iteration; no steps at all make what is known.
Result<Outputs> scan_shapes(const Call& call, const Scan& scan) {
  Outputs states = first_states(call, scan);
  for (Array& state : states) state = state.forgotten();
  SOLITON_IR_TRY(made, run(*scan.body, scan_inputs(call, scan, states, -1), call));
  for (std::size_t k = 0; k < scan.states; ++k)
    SOLITON_IR_CHECK(check_alike(states[k], made[k], "iterations that change state", k));
  for (std::size_t k = 0; k < scan.stacked; ++k) {
    const Array& part = made[scan.states + k];
    SOLITON_IR_TRY(axis, axis_in(scan.stacked_axes[k], part.rank() + 1));
    Shape shape = part.shape();
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), scan.length);
    SOLITON_IR_CHECK(check_fits(call, shape));
    states.push_back(call.known() ? without_elements(part.type(), shape)
                                  : Array::unknown(part.type(), shape));
  }
  if (call.known()) std::ranges::copy(first_states(call, scan), states.begin());
  return states;
}

Result<Outputs> scan(const Call& call) {
  SOLITON_IR_TRY(scan, scan_of(call));
  if (!call.known() || scan.length == 0) return scan_shapes(call, scan);
  Outputs out = first_states(call, scan);
  std::vector<Stack> stacks(scan.stacked);
  for (std::int64_t i = 0; i < scan.length; ++i) {
    SOLITON_IR_TRY(made, run(*scan.body, scan_inputs(call, scan, out, i), call));
    for (std::size_t k = 0; k < scan.states; ++k) out[k] = made[k];
    for (std::size_t k = 0; k < scan.stacked; ++k)
      SOLITON_IR_CHECK(stacks[k].add(call, made[scan.states + k], scan.states + k));
  }
  for (std::size_t k = 0; k < scan.stacked; ++k) {
    std::vector<Array>& parts = stacks[k].parts;
    SOLITON_IR_TRY(axis, axis_in(scan.stacked_axes[k], parts.front().rank() + 1));
    if (scan.stacked_backward[k] != 0) std::ranges::reverse(parts);
    out.push_back(stacks[k].joined(axis));
  }
  return out;
}

Work scan_work(const Call& call, const Outputs&) {
  const Result<Scan> scan = scan_of(call);
  if (!scan) return {};
  return times(
      work_of_body(*scan->body, scan_inputs(call, *scan, first_states(call, *scan), -1), call),
      scan->length);
}

constexpr Operator kOperators[] = {
    {"If", if_else, if_work},
    {"Loop", loop, loop_work},
    {"Scan", scan, scan_work},
};

}  // namespace

std::span<const Operator> control_operators() { return kOperators; }

}  // namespace soliton::ir
