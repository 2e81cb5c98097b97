#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "partition/ir/check_tensor.h"
#include "partition/ir/model.h"
#include "protocol/base/check.h"

namespace soliton {

std::int64_t layer_input(const Layer& layer) {
  return std::visit([](const auto& l) { return l.input; }, layer);
}

std::int64_t layer_output(const Layer& layer) {
  if (const auto* dense = std::get_if<DenseLayer>(&layer)) return dense->output;
  const auto& recurrent = std::get<RecurrentLayer>(layer);
  return recurrent.hidden * static_cast<std::int64_t>(recurrent.directions.size());
}

const std::string& layer_name(const Layer& layer) {
  return std::visit([](const auto& l) -> const std::string& { return l.name; }, layer);
}

std::vector<std::string> layer_operators(const Layer& layer) {
  return std::visit(
      [](const auto& l) {
        return l.operators.empty() ? std::vector<std::string>{l.name} : l.operators;
      },
      layer);
}

bool in_dram(const Layer& layer) {
  return std::visit([](const auto& l) { return l.in_dram; }, layer);
}

const std::vector<LayerInput>& layer_inputs(const Layer& layer) {
  return std::visit([](const auto& l) -> const std::vector<LayerInput>& { return l.inputs; },
                    layer);
}

std::int64_t layer_tokens(const Layer& layer) {
  return std::visit([](const auto& l) { return l.tokens; }, layer);
}

bool layer_per_step(const Layer& layer) {
  return std::visit([](const auto& l) { return l.per_step; }, layer);
}

std::int64_t tokens_of(const Model& model, const LayerInput& input) {
  if (input.from == LayerInput::From::kHost) {
    const ModelSource& source = model.sources[input.index];
    return source.per_step ? 0 : source.tokens;
  }
  if (input.what != LayerInput::What::kEvery) return 1;
  const Layer& layer = model.layers[input.index];
  return layer_per_step(layer) ? 0 : layer_tokens(layer);
}

std::vector<LayerInput> all_inputs(const Layer& layer) {
  std::vector<LayerInput> out = layer_inputs(layer);
  if (const auto* dense = std::get_if<DenseLayer>(&layer)) {
    for (const PointOperation& operation : dense->operations)
      if (operation.operand) out.push_back(*operation.operand);
    return out;
  }
  const auto& recurrent = std::get<RecurrentLayer>(layer);
  for (const auto* initial : {&recurrent.initial_hidden, &recurrent.initial_cell})
    if (*initial) out.push_back(**initial);
  return out;
}

namespace {

// Elements of the matrices applied once a step (recurrent layers, dense layers of every step) or
// once a request.
std::int64_t matrix_elements(const Layer& layer) {
  if (const auto* dense = std::get_if<DenseLayer>(&layer))
    return dense->has_product() ? dense->input * dense->output : 0;
  const auto& l = std::get<RecurrentLayer>(layer);
  return static_cast<std::int64_t>(l.directions.size()) * l.gates() * l.hidden *
         (l.input + l.hidden);
}

std::int64_t bias_elements(const Layer& layer) {
  if (const auto* dense = std::get_if<DenseLayer>(&layer))
    return dense->bias.shape.empty() ? 0 : dense->output;
  const auto& l = std::get<RecurrentLayer>(layer);
  return static_cast<std::int64_t>(l.directions.size()) * l.gates() * l.hidden * 2;
}

// The gates in the order of a layer's rows.
std::string_view gate_letters(Cell cell) {
  return cell == Cell::kGru ? "rzn" : cell == Cell::kLstm ? "ifoc" : "";
}

bool runs_every_step(const Layer& layer) {
  const auto* dense = std::get_if<DenseLayer>(&layer);
  return dense == nullptr || dense->every_step;
}

class Checker {
 public:
  explicit Checker(const Model& model) : model_(model) {}

  Diagnostics run() {
    if (!model_.sources.empty()) return check_graph();
    check_host_parts();
    if (model_.layers.empty()) add("the model has no layers");
    if (model_.layers.size() > kMaxLayers)
      add(fmt::format("{} layers: at most {}", model_.layers.size(), kMaxLayers));
    if (found_.empty()) check_layers();
    if (found_.empty()) check_ends();
    return std::move(found_);
  }

 private:
  void add(std::string message) { found_.add(ErrorCode::kInvalid, std::move(message)); }

  bool check_width(const std::string& owner, const char* what, std::int64_t value) {
    if (value >= 1 && value <= kMaxWidth) return true;
    add(fmt::format("{}: {} {} is not between 1 and {}", owner, what, value, kMaxWidth));
    return false;
  }

  void check_host_parts() {
    check_width("model", "input", model_.input);
    check_width("model", "output", model_.output);
    if (model_.fixed_steps < 0 || model_.fixed_steps > kMaxSteps)
      add(fmt::format("model: {} steps are not between 0 and {}", model_.fixed_steps, kMaxSteps));
    if (model_.before.kind != HostBefore::Kind::kEmbedding) return;
    const Tensor& table = model_.before.table;
    if (table.shape.size() != 2 || table.shape[1] != model_.input)
      add(fmt::format("embedding table has shape [{}], not [symbols, {}]",
                      fmt::join(table.shape, ", "), model_.input));
    else if (check_width("embedding table", "symbols", table.shape[0]))
      tensors_.check_values(table, {}, TensorChecker::kAnyNumber);
  }

  // How the layers of a graph are joined is the word of who made it; what comes from a file is the
  // sizes and the values.
  Diagnostics check_graph() {
    if (model_.layers.size() > kMaxLayers)
      add(fmt::format("{} layers: at most {}", model_.layers.size(), kMaxLayers));
    for (const Layer& layer : model_.layers) {
      bool sequence = true;
      std::visit([&](const auto& l) { check_layer(l, sequence); }, layer);
    }
    return std::move(found_);
  }

  void check_layers() {
    std::int64_t width = model_.input;
    bool sequence = true;
    std::int64_t weights = 0;
    for (const Layer& layer : model_.layers) {
      const std::string& name = layer_name(layer);
      if (layer_input(layer) != width)
        add(fmt::format("{} takes {} elements, but {} come to it", name, layer_input(layer),
                        width));
      std::visit([&](const auto& l) { check_layer(l, sequence); }, layer);
      if (!found_.empty()) return;
      width = layer_output(layer);
      weights += matrix_elements(layer) + bias_elements(layer);
    }
    if (weights > kMaxWeights) add(fmt::format("{} weights: at most {}", weights, kMaxWeights));
    width_out_ = width;
    sequence_out_ = sequence;
  }

  // `sequence`: in: whether a vector for each step comes to the layer; out: whether one leaves it.
  void check_layer(const RecurrentLayer& layer, bool& sequence) {
    if (!sequence)
      add(fmt::format("{} needs a vector for each step, but only one comes to it", layer.name));
    if (layer.directions.empty() || layer.directions.size() > 2)
      add(fmt::format("{} has {} directions, not 1 or 2", layer.name, layer.directions.size()));
    if (layer.reverse && layer.directions.size() != 1)
      add(fmt::format("{} is marked as reverse only, but has {} directions", layer.name,
                      layer.directions.size()));
    if (!check_width(layer.name, "input", layer.input) ||
        !check_width(layer.name, "hidden size", layer.hidden))
      return;
    const std::int64_t rows = layer.gates() * layer.hidden;
    for (const RecurrentWeights& weights : layer.directions) {
      const std::string_view gates = gate_letters(layer.cell);
      tensors_.check(layer.name, weights.input, {rows, layer.input}, gates);
      tensors_.check(layer.name, weights.recurrent, {rows, layer.hidden}, gates);
      tensors_.check_vector(layer.name, weights.input_bias, {rows}, gates);
      tensors_.check_vector(layer.name, weights.recurrent_bias, {rows}, gates);
      tensors_.check_sum(weights.input_bias, weights.recurrent_bias, gates);
      for (const Tensor* initial : {&weights.initial_hidden, &weights.initial_cell})
        if (!initial->shape.empty()) tensors_.check_vector(layer.name, *initial, {layer.hidden});
    }
    sequence = layer.emits_sequence;
  }

  void check_layer(const DenseLayer& layer, bool& sequence) {
    if (layer.every_step && !sequence)
      add(fmt::format("{} is applied to every step, but only one vector comes to it", layer.name));
    if (!check_width(layer.name, "input", layer.input) ||
        !check_width(layer.name, "output", layer.output))
      return;
    if (layer.has_product()) tensors_.check(layer.name, layer.weights, {layer.output, layer.input});
    if (!layer.bias.shape.empty() || layer.bias.values)
      tensors_.check_vector(layer.name, layer.bias, {layer.output});
    sequence = layer.every_step;
  }

  void check_ends() {
    if (width_out_ != model_.output)
      add(fmt::format("the last layer gives {} elements, but the model's output has {}", width_out_,
                      model_.output));
    if (sequence_out_ != model_.sequence_output)
      add(fmt::format("the last layer gives {}, but the model promises {}", spoken(sequence_out_),
                      spoken(model_.sequence_output)));
  }

  static const char* spoken(bool sequence) {
    return sequence ? "a vector for each step" : "one vector";
  }

  const Model& model_;
  Diagnostics found_;
  TensorChecker tensors_{found_};
  std::int64_t width_out_ = 0;
  bool sequence_out_ = false;
};

}  // namespace

std::int64_t operations(const Model& model, std::int64_t steps) {
  SOLITON_CHECK_MSG(steps >= 0 && steps <= kMaxSteps, "steps {}", steps);
  std::int64_t sum = 0;
  for (const Layer& layer : model.layers) {
    const bool fixed = layer_tokens(layer) > 0 && !layer_per_step(layer);
    const std::int64_t times = fixed ? layer_tokens(layer) : runs_every_step(layer) ? steps : 1;
    sum += 2 * matrix_elements(layer) * times;
  }
  return sum;
}

Diagnostics check_model(const Model& model) { return Checker(model).run(); }

bool carries_state(const Model& model) {
  return std::ranges::any_of(model.layers, [](const Layer& layer) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&layer);
    return recurrent != nullptr && (recurrent->carries_hidden || recurrent->carries_cell);
  });
}

}  // namespace soliton
