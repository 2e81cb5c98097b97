#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "partition/ir/check_tensor.h"
#include "partition/ir/layer_graph.h"
#include "protocol/base/check.h"

namespace soliton {

std::int64_t layer_input(const Layer& layer) {
  if (const auto* dense = std::get_if<DenseLayer>(&layer)) return dense->input / dense->taps.count;
  return std::get<RecurrentLayer>(layer).input;
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

std::int64_t tokens_of(const LayerGraph& model, const LayerInput& input) {
  if (input.from == LayerInput::From::kHost) {
    const LayerSource& source = model.sources[input.index];
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

bool reads_vector(const Layer& layer, const LayerInput& vector) {
  const auto& inputs = layer_inputs(layer);
  if (std::ranges::find(inputs, vector) != inputs.end()) return true;
  if (const auto* dense = std::get_if<DenseLayer>(&layer))
    return std::ranges::find(dense->operations, vector, &PointOperation::operand) !=
           dense->operations.end();
  const auto& recurrent = std::get<RecurrentLayer>(layer);
  return recurrent.initial_hidden == vector || recurrent.initial_cell == vector;
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

class Checker {
 public:
  explicit Checker(const LayerGraph& model) : model_(model) {}

  // How the layers are joined is the word of who made them; what comes from a file is the sizes and
  // the values.
  Diagnostics run() {
    if (model_.layers.size() > kMaxLayers)
      add(fmt::format("{} layers: at most {}", model_.layers.size(), kMaxLayers));
    std::int64_t weights = 0;
    for (const Layer& layer : model_.layers) {
      std::visit([&](const auto& l) { check_layer(l); }, layer);
      if (found_.empty()) weights += matrix_elements(layer) + bias_elements(layer);
      if (weights <= kMaxWeights) continue;
      add(fmt::format("{} weights: at most {}", weights, kMaxWeights));
      break;
    }
    return std::move(found_);
  }

 private:
  void add(std::string message) { found_.add(ErrorCode::kInvalid, std::move(message)); }

  bool check_width(const std::string& owner, const char* what, std::int64_t value) {
    if (value >= 1 && value <= kMaxWidth) return true;
    add(fmt::format("{}: {} {} is not between 1 and {}", owner, what, value, kMaxWidth));
    return false;
  }

  void check_layer(const RecurrentLayer& layer) {
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
  }

  void check_layer(const DenseLayer& layer) {
    if (!check_width(layer.name, "input", layer.input) ||
        !check_width(layer.name, "output", layer.output))
      return;
    if (layer.has_product()) tensors_.check(layer.name, layer.weights, {layer.output, layer.input});
    if (!layer.bias.shape.empty() || layer.bias.values)
      tensors_.check_vector(layer.name, layer.bias, {layer.output});
  }

  const LayerGraph& model_;
  Diagnostics found_;
  TensorChecker tensors_{found_};
};

}  // namespace

std::int64_t operations(const LayerGraph& model, std::int64_t steps) {
  SOLITON_CHECK_MSG(steps >= 0 && steps <= kMaxSteps, "steps {}", steps);
  std::int64_t sum = 0;
  for (const Layer& layer : model.layers) {
    const std::int64_t times = layer_per_step(layer) ? steps : layer_tokens(layer);
    sum += 2 * matrix_elements(layer) * times;
  }
  return sum;
}

Diagnostics check_layers(const LayerGraph& model) { return Checker(model).run(); }

}  // namespace soliton
