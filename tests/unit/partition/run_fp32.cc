// The reference the accuracy of narrow formats is measured against. GRU, LSTM
// and RNN as ONNX defines them (opset 14, default activations), evaluated in double.
#include "tests/unit/partition/run_fp32.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "protocol/base/check.h"

namespace soliton::test {

namespace {

using Vector = std::vector<double>;

struct Sequence {
  std::int64_t width = 0;
  Vector values;  // [steps, width]
  std::span<const double> step(std::int64_t t) const {
    return std::span(values).subspan(static_cast<std::size_t>(t * width),
                                     static_cast<std::size_t>(width));
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// A fixed number of partial sums: the same bits on every machine, and wide enough for vector units.
double dot(const float* a, const double* b, std::size_t n) {
  std::array<double, 8> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= n; i += sums.size())
    for (std::size_t lane = 0; lane < sums.size(); ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * b[i + lane];
  double sum = 0;
  for (const double partial : sums) sum += partial;
  for (; i < n; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// Rows first .. first + out.size() of matrix * x + bias; no bias when its tensor has no values.
void product(const Tensor& matrix, const Tensor& bias, std::span<const double> x, std::size_t first,
             std::span<double> out) {
  SOLITON_CHECK_MSG(matrix.values != nullptr, "tensor {} has no values", matrix.name);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t row = first + i;
    out[i] = dot(matrix.values->data() + row * x.size(), x.data(), x.size());
    if (bias.values) out[i] += (*bias.values)[row];
  }
}

class Direction {
 public:
  Direction(const RecurrentLayer& layer, const RecurrentWeights& weights)
      : layer_(layer),
        weights_(weights),
        hidden_(static_cast<std::size_t>(layer.hidden)),
        h_(initial(weights.initial_hidden)),
        c_(initial(weights.initial_cell)),
        from_input_(hidden_ * static_cast<std::size_t>(layer.gates())),
        from_state_(from_input_.size()) {}

  const Vector& h() const { return h_; }

  void step(std::span<const double> x) {
    product(weights_.input, weights_.input_bias, x, 0, from_input_);
    if (layer_.cell == Cell::kLstm)
      lstm();
    else if (layer_.cell == Cell::kRnn)
      vanilla();
    else if (layer_.reset_after)
      gru_reset_after();
    else
      gru_reset_before();
  }

 private:
  Vector initial(const Tensor& state) const {
    return state.values ? Vector(state.values->begin(), state.values->end()) : Vector(hidden_);
  }
  double input(std::size_t gate, std::size_t i) const { return from_input_[gate * hidden_ + i]; }
  double state(std::size_t gate, std::size_t i) const { return from_state_[gate * hidden_ + i]; }
  double sum(std::size_t gate, std::size_t i) const { return input(gate, i) + state(gate, i); }

  // Gates i f o c.
  void lstm() {
    product(weights_.recurrent, weights_.recurrent_bias, h_, 0, from_state_);
    for (std::size_t i = 0; i < hidden_; ++i) {
      c_[i] = sigmoid(sum(1, i)) * c_[i] + sigmoid(sum(0, i)) * std::tanh(sum(3, i));
      h_[i] = sigmoid(sum(2, i)) * std::tanh(c_[i]);
    }
  }

  void vanilla() {
    product(weights_.recurrent, weights_.recurrent_bias, h_, 0, from_state_);
    for (std::size_t i = 0; i < hidden_; ++i) h_[i] = std::tanh(sum(0, i));
  }

  // Gates r z n; n = tanh(Wx + r (Rh + b)).
  void gru_reset_after() {
    product(weights_.recurrent, weights_.recurrent_bias, h_, 0, from_state_);
    for (std::size_t i = 0; i < hidden_; ++i)
      update(i, sigmoid(sum(1, i)), std::tanh(input(2, i) + sigmoid(sum(0, i)) * state(2, i)));
  }

  // Gates r z n; n = tanh(Wx + R (r h) + b).
  void gru_reset_before() {
    const std::span<double> all(from_state_);
    product(weights_.recurrent, weights_.recurrent_bias, h_, 0, all.first(2 * hidden_));
    Vector reset(hidden_);
    for (std::size_t i = 0; i < hidden_; ++i) reset[i] = sigmoid(sum(0, i)) * h_[i];
    product(weights_.recurrent, weights_.recurrent_bias, reset, 2 * hidden_,
            all.subspan(2 * hidden_));
    for (std::size_t i = 0; i < hidden_; ++i) update(i, sigmoid(sum(1, i)), std::tanh(sum(2, i)));
  }

  void update(std::size_t i, double z, double n) { h_[i] = (1 - z) * n + z * h_[i]; }

  const RecurrentLayer& layer_;
  const RecurrentWeights& weights_;
  std::size_t hidden_;
  Vector h_, c_, from_input_, from_state_;
};

// What a layer makes: the vectors of all steps, and the one behind the last.
struct Made {
  Sequence every;
  Vector last;
};

// Writes one direction's outputs into columns `column` ... of `out`.
void run_direction(const RecurrentLayer& layer, std::size_t index, const Sequence& in, Made& out) {
  const std::int64_t steps = static_cast<std::int64_t>(in.values.size()) / in.width;
  const bool backwards = index == 1 || layer.reverse;
  const std::int64_t column = static_cast<std::int64_t>(index) * layer.hidden;
  Direction direction(layer, layer.directions[index]);
  for (std::int64_t k = 0; k < steps; ++k) {
    const std::int64_t t = backwards ? steps - 1 - k : k;
    direction.step(in.step(t));
    std::ranges::copy(direction.h(), out.every.values.begin() + t * out.every.width + column);
  }
  std::ranges::copy(direction.h(), out.last.begin() + column);
}

Made run_layer(const RecurrentLayer& layer, const Sequence& in) {
  const auto steps = in.values.size() / static_cast<std::size_t>(in.width);
  const std::int64_t width = layer.hidden * static_cast<std::int64_t>(layer.directions.size());
  Made out{{width, Vector(steps * static_cast<std::size_t>(width))},
           Vector(static_cast<std::size_t>(width))};
  for (std::size_t d = 0; d < layer.directions.size(); ++d) run_direction(layer, d, in, out);
  return out;
}

Made run_layer(const DenseLayer& layer, const Sequence& in) {
  const std::int64_t steps = static_cast<std::int64_t>(in.values.size()) / in.width;
  Made out{{layer.output, {}}, Vector(static_cast<std::size_t>(layer.output))};
  for (std::int64_t t = 0; t < steps; ++t) {
    product(layer.weights, layer.bias, in.step(t), 0, out.last);
    out.every.values.insert(out.every.values.end(), out.last.begin(), out.last.end());
  }
  return out;
}

const Sequence picked(const Made& made, const LayerInput& input) {
  if (input.what == LayerInput::What::kEvery) return made.every;
  return {static_cast<std::int64_t>(made.last.size()), made.last};
}

}  // namespace

std::vector<float> run_fp32(const LayerGraph& model, const std::vector<float>& vectors,
                            std::int64_t steps) {
  const std::int64_t width = model.sources.at(0).elements;
  SOLITON_CHECK_MSG(steps > 0 && static_cast<std::int64_t>(vectors.size()) == steps * width,
                    "{} values for {} steps of {}", vectors.size(), steps, width);
  Made values{{width, Vector(vectors.begin(), vectors.end())}, {}};
  for (const Layer& layer : model.layers) {
    SOLITON_CHECK(all_inputs(layer).size() == 1);
    const Sequence in = picked(values, layer_inputs(layer).front());
    values = std::visit([&](const auto& l) { return run_layer(l, in); }, layer);
  }
  const Sequence out = picked(values, model.results.at(0));
  return {out.values.begin(), out.values.end()};
}

}  // namespace soliton::test
