#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "partition/ir/model.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {

namespace {

// Uniform in +-1/sqrt(hidden), a function of (seed, layer, direction, tensor, element).
class WeightSource {
 public:
  explicit WeightSource(const RnnOptions& options)
      : random_(options.seed, "rnn weights"),
        bound_(1.0 / std::sqrt(static_cast<double>(options.hidden))),
        with_values_(options.with_weights) {}

  Tensor tensor(std::string name, std::vector<std::int64_t> shape) {
    const Random elements = random_.child(next_tensor_++);
    Tensor out{std::move(name), std::move(shape), nullptr};
    if (!with_values_) return out;
    std::vector<float> values(static_cast<std::size_t>(element_count(out.shape).value()));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((2 * elements.unit(i) - 1) * bound_);
    out.values = std::make_shared<const std::vector<float>>(std::move(values));
    return out;
  }

 private:
  Random random_;
  double bound_;
  bool with_values_;
  std::uint64_t next_tensor_ = 0;
};

RecurrentWeights direction(WeightSource& source, const RecurrentLayer& layer,
                           const std::string& name) {
  const std::int64_t rows = layer.gates() * layer.hidden;
  RecurrentWeights weights;
  weights.input = source.tensor(name + ".W", {rows, layer.input});
  weights.recurrent = source.tensor(name + ".R", {rows, layer.hidden});
  weights.input_bias = source.tensor(name + ".Wb", {rows});
  weights.recurrent_bias = source.tensor(name + ".Rb", {rows});
  return weights;
}

RecurrentLayer layer(WeightSource& source, const RnnOptions& options, std::int64_t index,
                     std::int64_t input) {
  RecurrentLayer out;
  out.name = fmt::format("{}{}", cell_name(options.cell), index);
  out.cell = options.cell;
  out.input = input;
  out.hidden = options.hidden;
  out.reset_after = options.cell == Cell::kGru && options.reset_after;
  out.directions.push_back(direction(source, out, out.name));
  if (options.bidirectional)
    out.directions.push_back(direction(source, out, out.name + ".reverse"));
  return out;
}

}  // namespace

const char* cell_name(Cell cell) {
  constexpr const char* kNames[] = {"gru", "lstm", "rnn"};
  return kNames[static_cast<std::size_t>(cell)];
}

Model build_rnn(const RnnOptions& options) {
  SOLITON_CHECK_MSG(options.hidden > 0 && options.hidden <= kMaxWidth, "hidden {}", options.hidden);
  SOLITON_CHECK_MSG(options.layers > 0 && options.layers <= std::int64_t{kMaxLayers}, "layers {}",
                    options.layers);
  SOLITON_CHECK_MSG(options.steps >= 0 && options.steps <= kMaxSteps, "steps {}", options.steps);
  SOLITON_CHECK_MSG(options.input >= 0 && options.input <= kMaxWidth, "input {}", options.input);
  WeightSource source(options);
  Model model;
  model.name = fmt::format("{}-{}", cell_name(options.cell), options.hidden);
  model.source = "rnn";
  model.input = options.input > 0 ? options.input : options.hidden;
  std::int64_t width = model.input;
  for (std::int64_t i = 0; i < options.layers; ++i) {
    model.layers.emplace_back(layer(source, options, i, width));
    width = layer_output(model.layers.back());
  }
  model.output = width;
  model.sequence_output = true;
  model.fixed_steps = options.steps;
  return model;
}

}  // namespace soliton
