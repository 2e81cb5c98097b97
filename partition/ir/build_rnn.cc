#include "partition/ir/build_rnn.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "partition/ir/element_count.h"
#include "partition/ir/graph_parts.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {

namespace {

using ir::ValueId;
using ir::attribute::integer;
using ir::attribute::integers;
using ir::attribute::text;

// Uniform in +-1/sqrt(hidden), a function of (seed, layer, direction, tensor, element).
class WeightSource {
 public:
  explicit WeightSource(const RnnOptions& options)
      : random_(options.seed, "rnn weights"),
        bound_(1.0 / std::sqrt(static_cast<double>(options.hidden))) {}

  // Appends `gates` blocks, drawn in our order of gates, in that of ONNX.
  void append(Cell cell, std::int64_t block, std::vector<float>& to) {
    const Random elements = random_.child(next_tensor_++);
    const std::size_t first = to.size();
    const auto size = static_cast<std::size_t>(block);
    const std::span<const std::int64_t> order = onnx_gates(cell);
    to.resize(first + order.size() * size);
    std::uint64_t ordinal = 0;
    for (const std::int64_t gate : order) {
      float* out = to.data() + first + static_cast<std::size_t>(gate) * size;
      for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<float>((2 * elements.unit(ordinal++) - 1) * bound_);
    }
  }

 private:
  Random random_;
  double bound_;
  std::uint64_t next_tensor_ = 0;
};

class Builder {
 public:
  explicit Builder(const RnnOptions& options) : options_(options), source_(options) {}

  ir::Graph run() {
    const std::int64_t directions = options_.bidirectional ? 2 : 1;
    std::int64_t width = options_.input > 0 ? options_.input : options_.hidden;
    ir::Input& input = graph_.inputs.emplace_back();
    input.value = ir::add_value(graph_, "x");
    input.shape = {options_.steps, 1, width};
    input.symbols.resize(3);
    ValueId x = input.value;
    for (std::int64_t layer = 0; layer < options_.layers; ++layer) {
      const bool last = layer + 1 == options_.layers;
      x = add_layer(fmt::format("{}{}", cell_name(options_.cell), layer), x, width, last);
      width = directions * options_.hidden;
    }
    graph_.outputs = {x};
    return std::move(graph_);
  }

 private:
  ValueId constant(const std::string& name, ir::Array array) {
    return ir::add_constant(graph_, name, std::move(array));
  }
  // With one output, both called `name`.
  ValueId node(const std::string& name, const char* op, std::vector<ValueId> inputs,
               std::vector<ir::Attribute> attributes = {}) {
    const ValueId out = ir::add_value(graph_, name);
    graph_.nodes.push_back(
        ir::make_node(name, op, std::move(inputs), {out}, std::move(attributes)));
    return out;
  }

  // W, R and B, which has the biases of both; by direction.
  std::vector<ValueId> weights(const std::string& name, std::int64_t width) {
    const std::int64_t directions = options_.bidirectional ? 2 : 1;
    const std::int64_t hidden = options_.hidden, rows = gate_count(options_.cell) * hidden;
    const ir::Shape shapes[] = {
        {directions, rows, width}, {directions, rows, hidden}, {directions, 2 * rows}};
    std::vector<float> values[3];
    for (std::int64_t d = 0; d < directions && options_.with_weights; ++d) {
      source_.append(options_.cell, hidden * width, values[0]);
      source_.append(options_.cell, hidden * hidden, values[1]);
      source_.append(options_.cell, hidden, values[2]);
      source_.append(options_.cell, hidden, values[2]);
    }
    std::vector<ValueId> out;
    const char* const names[] = {".W", ".R", ".B"};
    for (std::size_t k = 0; k < 3; ++k)
      out.push_back(constant(name + names[k],
                             options_.with_weights
                                 ? ir::Array::of(shapes[k], std::move(values[k]))
                                 : ir::Array::unknown(ir::ElementType::kFloat32, shapes[k])));
    return out;
  }

  // The cell makes [steps, directions, 1, hidden]; the next one takes [steps, 1, width].
  ValueId add_layer(const std::string& name, ValueId x, std::int64_t width, bool last) {
    std::vector<ValueId> inputs{x};
    for (const ValueId id : weights(name, width)) inputs.push_back(id);
    std::vector<ir::Attribute> attributes{integer("hidden_size", options_.hidden)};
    if (options_.bidirectional) attributes.push_back(text("direction", "bidirectional"));
    if (options_.reset_after) attributes.push_back(integer("linear_before_reset", 1));
    const ValueId y = node(name, cell_operator(options_.cell), std::move(inputs), attributes);
    if (!options_.bidirectional)
      return node(
          name + ".squeeze", "Squeeze",
          {y, constant(name + ".axes", ir::Array::integers(last ? std::vector<std::int64_t>{1, 2}
                                                                : std::vector<std::int64_t>{1}))});
    const ValueId turned =
        node(name + ".transpose", "Transpose", {y}, {integers("perm", {0, 2, 1, 3})});
    const std::int64_t both = 2 * options_.hidden;
    return node(
        name + ".reshape", "Reshape",
        {turned,
         constant(name + ".shape",
                  ir::Array::integers(last ? std::vector<std::int64_t>{options_.steps, both}
                                           : std::vector<std::int64_t>{options_.steps, 1, both}))});
  }

  const RnnOptions& options_;
  WeightSource source_;
  ir::Graph graph_;
};

void check(const RnnOptions& options) {
  SOLITON_CHECK_MSG(options.hidden > 0 && options.hidden <= kMaxWidth, "hidden {}", options.hidden);
  SOLITON_CHECK_MSG(options.layers > 0 && options.layers <= std::int64_t{kMaxLayers}, "layers {}",
                    options.layers);
  SOLITON_CHECK_MSG(options.steps > 0 && options.steps <= kMaxSteps, "steps {}", options.steps);
  SOLITON_CHECK_MSG(options.input >= 0 && options.input <= kMaxWidth, "input {}", options.input);
}

}  // namespace

ir::Graph build_rnn(const RnnOptions& options) {
  check(options);
  return Builder(options).run();
}

namespace {

// Multiply-adds of all matrix products of a step.
std::int64_t products(const RnnOptions& options, std::int64_t hidden, std::int64_t width) {
  const std::int64_t directions = options.bidirectional ? 2 : 1;
  std::int64_t out = 0;
  for (std::int64_t layer = 0; layer < options.layers; ++layer) {
    out += directions * gate_count(options.cell) * hidden * (width + hidden);
    width = directions * hidden;
  }
  return out;
}

}  // namespace

std::int64_t rnn_weights(const RnnOptions& options) {
  const std::int64_t biases = (options.bidirectional ? 2 : 1) * 2 * gate_count(options.cell) *
                              options.hidden * options.layers;
  return biases +
         products(options, options.hidden, options.input > 0 ? options.input : options.hidden);
}

std::int64_t rnn_operations(const RnnOptions& options, std::int64_t steps) {
  const std::int64_t counted = options.count_as_hidden;
  if (counted != 0) return 2 * steps * products(options, counted, counted);
  return 2 * steps *
         products(options, options.hidden, options.input > 0 ? options.input : options.hidden);
}

}  // namespace soliton
