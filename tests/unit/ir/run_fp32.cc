// The reference the accuracy of narrow formats is measured against. GRU, LSTM
// and RNN as ONNX defines them (opset 14, default activations), evaluated in double.
#include "tests/unit/ir/run_fp32.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "protocol/base/check.h"

namespace soliton {

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

// Writes one direction's outputs into columns `column` ... of `out`.
void run_direction(const RecurrentLayer& layer, std::size_t index, const Sequence& in,
                   Sequence& out) {
  const std::int64_t steps = static_cast<std::int64_t>(in.values.size()) / in.width;
  const bool backwards = index == 1 || layer.reverse;
  const std::int64_t column = static_cast<std::int64_t>(index) * layer.hidden;
  Direction direction(layer, layer.directions[index]);
  for (std::int64_t k = 0; k < steps; ++k) {
    const std::int64_t t = backwards ? steps - 1 - k : k;
    direction.step(in.step(t));
    const std::int64_t row = layer.emits_sequence ? t : 0;
    std::copy(direction.h().begin(), direction.h().end(),
              out.values.begin() + row * out.width + column);
  }
}

Sequence run_layer(const RecurrentLayer& layer, const Sequence& in) {
  const auto steps = in.values.size() / static_cast<std::size_t>(in.width);
  Sequence out{layer.hidden * static_cast<std::int64_t>(layer.directions.size()), {}};
  out.values.resize((layer.emits_sequence ? steps : 1) * static_cast<std::size_t>(out.width));
  for (std::size_t d = 0; d < layer.directions.size(); ++d) run_direction(layer, d, in, out);
  return out;
}

Sequence run_layer(const DenseLayer& layer, const Sequence& in) {
  const std::int64_t steps = static_cast<std::int64_t>(in.values.size()) / in.width;
  Sequence out{layer.output, {}};
  for (std::int64_t t = layer.every_step ? 0 : steps - 1; t < steps; ++t) {
    Vector vector(static_cast<std::size_t>(layer.output));
    product(layer.weights, layer.bias, in.step(t), 0, vector);
    out.values.insert(out.values.end(), vector.begin(), vector.end());
  }
  return out;
}

}  // namespace

std::vector<float> run_fp32(const Model& model, const std::vector<float>& vectors,
                            std::int64_t steps) {
  SOLITON_CHECK_MSG(steps > 0 && static_cast<std::int64_t>(vectors.size()) == steps * model.input,
                    "{} values for {} steps of {}", vectors.size(), steps, model.input);
  Sequence values{model.input, Vector(vectors.begin(), vectors.end())};
  for (const Layer& layer : model.layers)
    values = std::visit([&](const auto& l) { return run_layer(l, values); }, layer);
  return std::vector<float>(values.values.begin(), values.values.end());
}

Result<std::vector<float>> embed(const HostBefore& before,
                                 const std::vector<std::int64_t>& symbols) {
  SOLITON_CHECK(before.kind == HostBefore::Kind::kEmbedding && before.table.values);
  const std::int64_t count = before.table.shape[0];
  const std::int64_t width = before.table.shape[1];
  std::vector<float> out;
  for (const std::int64_t symbol : symbols) {
    if (symbol < 0 || symbol >= count)
      return invalid(fmt::format("symbol {} is not between 0 and {}", symbol, count - 1));
    const auto row = before.table.values->begin() + symbol * width;
    out.insert(out.end(), row, row + width);
  }
  return out;
}

std::vector<float> apply_after(HostAfter after, std::vector<float> vectors, std::int64_t width) {
  if (after == HostAfter::kNone) return vectors;
  for (auto first = vectors.begin(); first != vectors.end(); first += width) {
    const double top = *std::max_element(first, first + width);
    double sum = 0;
    std::for_each(first, first + width, [&](float v) { sum += std::exp(v - top); });
    std::transform(first, first + width, first, [&](float v) {
      return static_cast<float>(after == HostAfter::kSoftmax ? std::exp(v - top) / sum
                                                             : v - top - std::log(sum));
    });
  }
  return vectors;
}

}  // namespace soliton
