// LSTM, GRU and RNN as recurrent layers. Gates change order on the way (partition/ir/cell.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

using What = LayerInput::What;

bool same_word(const std::string& a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

Status check_activations(const ir::Node& node, Cell cell) {
  const ir::Attribute* given = node.find("activations");
  if (given == nullptr) return {};
  const std::array<std::string_view, 3> usual{"Sigmoid", "Tanh", "Tanh"};
  const std::size_t count = cell == Cell::kLstm ? 3 : cell == Cell::kGru ? 2 : 1;
  for (std::size_t i = 0; i < given->texts.size(); ++i)
    if (!same_word(given->texts[i], cell == Cell::kRnn ? "Tanh" : usual[i % count]))
      return invalid("has activations other than sigmoid and tanh");
  return {};
}

struct Setup {
  Cell cell = Cell::kGru;
  std::int64_t directions = 1, steps = 1, width = 0, hidden = 0;
  bool reverse = false, reset_after = false;
  std::int64_t rows() const { return gate_count(cell) * hidden; }
};

Status set_direction(const ir::Node& node, Setup& setup) {
  const auto direction = node.text("direction", "forward");
  if (!direction) return tl::unexpected(direction.error());
  setup.reverse = *direction == "reverse";
  if (*direction == "bidirectional") setup.directions = 2;
  return {};
}

Status check_attributes(const ir::Node& node) {
  const auto layout = node.integer("layout", 0), coupled = node.integer("input_forget", 0);
  if (!layout || *layout != 0) return invalid("has batches before steps");
  if (!coupled || *coupled != 0) return invalid("couples input and forget gates");
  if (node.find("clip") != nullptr) return invalid("clips its gates");
  return {};
}

// A request's steps all count where the lengths are left out or a constant that says so.
bool all_steps_count(const Emitter& emitter, const ir::Node& node, std::int64_t steps) {
  if (node.inputs.size() <= 4 || node.inputs[4] == ir::kAbsent) return true;
  const ir::Array& lengths = emitter.graph().values[node.inputs[4]].constant;
  return lengths.known() && lengths.type() == ir::ElementType::kInt32 &&
         std::ranges::all_of(lengths.as<std::int32_t>(),
                             [&](std::int32_t length) { return length == steps; });
}

Result<Setup> setup_of(Emitter& emitter, const ir::Node& node) {
  Setup setup;
  setup.cell = node.op == "GRU" ? Cell::kGru : node.op == "LSTM" ? Cell::kLstm : Cell::kRnn;
  if (const Status status = set_direction(node, setup); !status)
    return tl::unexpected(status.error());
  if (const Status status = check_attributes(node); !status) return tl::unexpected(status.error());
  if (const Status status = check_activations(node, setup.cell); !status)
    return tl::unexpected(status.error());
  const auto reset = node.integer("linear_before_reset", 0);
  setup.reset_after = reset && setup.cell == Cell::kGru && *reset != 0;
  const ir::Array& x = emitter.array(node.inputs[0]);
  if (x.rank() != 3 || x.shape()[1] != 1) return invalid("has a batch of more than one sequence");
  setup.steps = x.shape()[0];
  setup.width = x.shape()[2];
  const ir::Array& recurrent = emitter.array(node.inputs[2]);
  if (recurrent.rank() != 3) return invalid("has no recurrent weights");
  setup.hidden = recurrent.shape()[2];
  if (setup.hidden > kMaxWidth) return invalid("has more hidden elements than an FPGA takes");
  const bool turns = setup.reverse || setup.directions == 2;
  if (turns && emitter.turned_steps().value_or(setup.steps) != setup.steps)
    return invalid(fmt::format("runs backwards over {} steps, and another layer over {}",
                               setup.steps, *emitter.turned_steps()));
  if (!all_steps_count(emitter, node, setup.steps))
    return invalid("has sequence lengths that are not all steps");
  return setup;
}

// `count` rows of `width` values from row `first` on, gate by gate in our order; `all` is null where
// only times matter.
Tensor reordered(std::string name, const float* all, std::int64_t first, const Setup& setup,
                 std::int64_t width) {
  if (all == nullptr) return {std::move(name), {setup.rows(), width}, nullptr};
  std::vector<float> out;
  const std::int64_t gate_values = setup.hidden * width;
  for (const std::int64_t gate : onnx_gates(setup.cell)) {
    const float* begin = all + first * width + gate * gate_values;
    out.insert(out.end(), begin, begin + gate_values);
  }
  return {std::move(name),
          {setup.rows(), width},
          std::make_shared<const std::vector<float>>(std::move(out))};
}

bool finite(const RecurrentWeights& weights) {
  for (const Tensor* tensor :
       {&weights.input, &weights.recurrent, &weights.input_bias, &weights.recurrent_bias})
    if (tensor->values != nullptr &&
        !std::ranges::all_of(*tensor->values, [](float value) { return std::isfinite(value); }))
      return false;
  return true;
}

Status load_weights(const Emitter& emitter, const ir::Node& node, const Setup& setup,
                    RecurrentLayer& layer) {
  const float* w = emitter.constant(node.inputs[1]);
  const float* r = emitter.constant(node.inputs[2]);
  const bool biased = node.inputs.size() > 3 && node.inputs[3] != ir::kAbsent;
  const std::vector<float> zeros(static_cast<std::size_t>(setup.directions * 2 * setup.rows()));
  const float* b = biased ? emitter.constant(node.inputs[3]) : zeros.data();
  for (std::size_t k = 1; k < (biased ? 4 : 3); ++k)
    if (!emitter.is_constant(node.inputs[k])) return invalid("has weights that are not constant");
  for (std::int64_t d = 0; d < setup.directions; ++d) {
    const std::string name = d == 0 ? layer.name : layer.name + ".reverse";
    RecurrentWeights out;
    out.input = reordered(name + ".W", w, d * setup.rows(), setup, setup.width);
    out.recurrent = reordered(name + ".R", r, d * setup.rows(), setup, setup.hidden);
    out.input_bias = reordered(name + ".Wb", b, 2 * d * setup.rows(), setup, 1);
    out.recurrent_bias = reordered(name + ".Rb", b, (2 * d + 1) * setup.rows(), setup, 1);
    out.input_bias.shape = out.recurrent_bias.shape = {setup.rows()};
    if (!finite(out)) return invalid("has weights that are not finite");
    layer.directions.push_back(std::move(out));
  }
  return {};
}

// A state before the first step: zeros, a constant, what the layer itself left in the request before,
// or what a host sends, who also hands on what another layer has made.
Status load_state(Emitter& emitter, const ir::Node& node, std::size_t input, bool cell,
                  RecurrentLayer& layer) {
  if (node.inputs.size() <= input || node.inputs[input] == ir::kAbsent) return {};
  const ir::ValueId id = node.inputs[input];
  if (const std::size_t output = input - 4;
      node.wants(output) && emitter.keeps(id, node.outputs[output])) {
    (cell ? layer.carries_cell : layer.carries_hidden) = true;
    return {};
  }
  const auto directions = static_cast<std::int64_t>(layer.directions.size());
  if (const float* values = emitter.constant(id)) {
    const bool zeros = std::all_of(values, values + directions * layer.hidden,
                                   [](float value) { return value == 0.0F; });
    for (std::int64_t d = 0; d < directions && !zeros; ++d) {
      RecurrentWeights& weights = layer.directions[static_cast<std::size_t>(d)];
      const float* begin = values + d * layer.hidden;
      Tensor& initial = cell ? weights.initial_cell : weights.initial_hidden;
      initial.name = layer.name + (cell ? ".c0" : ".h0");
      initial.shape = {layer.hidden};
      initial.values = std::make_shared<const std::vector<float>>(begin, begin + layer.hidden);
    }
    return {};
  }
  const Result<Vectors> state = emitter.sent_vectors(id, directions * layer.hidden);
  if (!state) return tl::unexpected(state.error());
  if (state->tokens != 1 || state->per_step) return invalid("begins with several states");
  (cell ? layer.initial_cell : layer.initial_hidden) = state->parts.front();
  return {};
}

Result<RecurrentLayer> layer_of(Emitter& emitter, const ir::Node& node, const Setup& setup) {
  RecurrentLayer layer;
  layer.name = emitter.fresh_name(node.name);
  layer.cell = setup.cell;
  layer.input = setup.width;
  layer.hidden = setup.hidden;
  layer.reset_after = setup.reset_after;
  layer.reverse = setup.reverse;
  layer.tokens = setup.steps;
  const Result<Vectors> in = emitter.vectors(node.inputs[0], setup.width);
  if (!in) return tl::unexpected(in.error());
  layer.inputs = in->parts;
  layer.per_step = in->per_step;
  if ((setup.reverse || setup.directions == 2) && emitter.shapes().differ() && !layer.per_step)
    return invalid(fmt::format("runs backwards over {} steps, and requests have steps of their own",
                               setup.steps));
  if (const Status status = load_weights(emitter, node, setup, layer); !status)
    return tl::unexpected(status.error());
  if (const Status status = load_state(emitter, node, 5, false, layer); !status)
    return tl::unexpected(status.error());
  if (setup.cell == Cell::kLstm) {
    if (const Status status = load_state(emitter, node, 6, true, layer); !status)
      return tl::unexpected(status.error());
    if (node.inputs.size() > 7 && node.inputs[7] != ir::kAbsent) return invalid("has peepholes");
  }
  return layer;
}

Status recurrent(Emitter& emitter, const ir::Node& node) {
  const Result<Setup> setup = setup_of(emitter, node);
  if (!setup) return tl::unexpected(setup.error());
  Result<RecurrentLayer> layer = layer_of(emitter, node, *setup);
  if (!layer) return tl::unexpected(layer.error());
  if (setup->reverse || setup->directions == 2) emitter.turned_steps() = setup->steps;
  const Vectors every = emitter.add(std::move(*layer));
  const What whats[] = {What::kEvery, What::kLast, What::kCell};
  for (std::size_t k = 0; k < 3; ++k) {
    if (!node.wants(k)) continue;
    Vectors out = every;
    out.parts.front().what = whats[k];
    if (k > 0) {
      out.tokens = 1;
      out.per_step = false;
    }
    emitter.set(node.outputs[k], std::move(out));
  }
  return {};
}

constexpr Rule kRules[] = {{"GRU", recurrent}, {"LSTM", recurrent}, {"RNN", recurrent}};

}  // namespace

std::span<const Rule> recurrent_rules() { return kRules; }

}  // namespace soliton::region
