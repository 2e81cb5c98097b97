#include "tests/unit/npu/reference.h"

#include <algorithm>
#include <cstring>

#include "protocol/base/rng.h"
#include "protocol/tensor/half.h"
#include "tests/unit/tensor/half_functions.h"

namespace soliton::testing {
namespace {

template <typename Operation>
Halves each(const Halves& a, Operation operation) {
  Halves out;
  for (const Half value : a) out.push_back(operation(value));
  return out;
}

template <typename Operation>
Halves each(const Halves& a, const Halves& b, Operation operation) {
  Halves out;
  for (std::size_t i = 0; i < a.size(); ++i)
    out.push_back(to_half(operation(to_float(a[i]), to_float(b[i]))));
  return out;
}

Halves add(const Halves& a, const Halves& b) {
  return each(a, b, [](float x, float y) { return x + y; });
}
Halves sub(const Halves& a, const Halves& b) {
  return each(a, b, [](float x, float y) { return x - y; });
}
Halves mul(const Halves& a, const Halves& b) {
  return each(a, b, [](float x, float y) { return x * y; });
}
Halves sigmoid(const Halves& a) { return each(a, half_sigmoid); }
Halves tanh(const Halves& a) { return each(a, half_tanh); }

// Exact: block products need fewer than 24 bits at the sizes of these tests.
float block_dot(std::span<const float> w, std::span<const float> x, const NumberFormat& format) {
  const QuantisedBlock a = quantise_block(w, format);
  const QuantisedBlock b = quantise_block(x, format);
  double dot = 0;
  for (std::size_t i = 0; i < w.size(); ++i) dot += static_cast<double>(a.values[i]) * b.values[i];
  return static_cast<float>(dot);
}

}  // namespace

Halves reference_product(const std::vector<float>& weights, const Halves& x,
                         const NumberFormat& format, int native_dim) {
  const std::size_t columns = x.size();
  const auto tile = static_cast<std::size_t>(native_dim);
  const std::size_t block = format.block != 0 ? static_cast<std::size_t>(format.block) : tile;
  std::vector<float> activation;
  for (const Half value : x) activation.push_back(to_float(value));
  Halves out;
  for (std::size_t row = 0; row < weights.size() / columns; ++row) {
    float sum = 0;
    for (std::size_t edge = 0; edge < columns; edge += tile) {
      for (std::size_t k = edge; k < std::min(edge + tile, columns); k += block) {
        const std::size_t count = std::min({block, edge + tile - k, columns - k});
        sum += block_dot(std::span(weights).subspan(row * columns + k, count),
                         std::span(activation).subspan(k, count), format);
      }
    }
    out.push_back(to_half(sum));
  }
  return out;
}

std::vector<Halves> reference_cell(Cell cell, const CellWeights& weights,
                                   const std::vector<Halves>& inputs, const NumberFormat& format,
                                   int native_dim) {
  const std::size_t hidden = weights.bias[0].size();
  const Halves one(hidden, 0x3c00);
  Halves h(hidden);
  Halves c(hidden);
  std::vector<Halves> out;
  for (const Halves& x : inputs) {
    const auto input = [&](std::size_t gate) {
      return add(reference_product(weights.input[gate], x, format, native_dim), weights.bias[gate]);
    };
    const auto recurrent = [&](std::size_t gate, const Halves& from) {
      return reference_product(weights.recurrent[gate], from, format, native_dim);
    };
    const auto gate = [&](std::size_t g) { return sigmoid(add(recurrent(g, h), input(g))); };
    if (cell == Cell::kLstm) {
      c = add(mul(tanh(add(recurrent(3, h), input(3))), gate(0)), mul(gate(1), c));
      h = mul(tanh(c), gate(2));
    } else if (cell == Cell::kGruResetBefore) {
      const Halves z = gate(1);
      const Halves candidate = tanh(add(recurrent(2, mul(gate(0), h)), input(2)));
      h = add(mul(candidate, sub(one, z)), mul(h, z));
    } else {
      const Halves n =
          tanh(add(mul(add(recurrent(2, h), weights.recurrent_bias), gate(0)), input(2)));
      h = add(mul(sub(h, n), gate(1)), n);
    }
    out.push_back(h);
  }
  return out;
}

CellWeights random_weights(Cell cell, int input, int hidden, std::uint64_t seed) {
  const int gates = cell == Cell::kLstm ? 4 : 3;
  CellWeights weights;
  std::uint64_t ordinal = 0;
  const Random random(seed, "cell weights");
  const auto matrix = [&](int columns) {
    std::vector<float> values(static_cast<std::size_t>(hidden * columns));
    for (float& value : values) value = static_cast<float>(0.3 * random.normal(ordinal++));
    return values;
  };
  const auto bias = [&] {
    Halves values(static_cast<std::size_t>(hidden));
    for (Half& value : values) value = to_half(static_cast<float>(0.1 * random.normal(ordinal++)));
    return values;
  };
  for (int gate = 0; gate < gates; ++gate) {
    weights.input.push_back(matrix(input));
    weights.recurrent.push_back(matrix(hidden));
    weights.bias.push_back(bias());
  }
  weights.recurrent_bias = bias();
  return weights;
}

std::vector<Halves> random_inputs(int steps, int width, std::uint64_t seed) {
  const Random random(seed, "cell inputs");
  std::uint64_t ordinal = 0;
  std::vector<Halves> inputs(static_cast<std::size_t>(steps),
                             Halves(static_cast<std::size_t>(width)));
  for (Halves& input : inputs) {
    for (Half& value : input) value = to_half(static_cast<float>(random.normal(ordinal++)));
  }
  return inputs;
}

Payload to_message(const Halves& values) {
  Payload out;
  const auto bytes = std::as_bytes(std::span(values));
  out.bytes.assign(bytes.begin(), bytes.end());
  return out;
}

Halves from_message(const Payload& message) {
  Halves out(message.bytes.size() / sizeof(Half));
  std::memcpy(out.data(), message.bytes.data(), message.bytes.size());
  return out;
}

}  // namespace soliton::testing
