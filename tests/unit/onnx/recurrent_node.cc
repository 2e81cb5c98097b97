#include "tests/unit/onnx/recurrent_node.h"

#include <cmath>

namespace soliton::test {

namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

struct Direction {
  Rows states;  // after each step
  Row cell;     // after the last one
};

// One direction over `steps` in the order given.
Direction run_direction(const Node& node, std::size_t d, const Rows& steps) {
  const std::vector<float> w = node.w(), r = node.r(), b = node.b();
  const auto n = static_cast<std::size_t>(node.input);
  const std::size_t rows = node.rows();
  const auto from_x = [&](std::size_t gate, std::size_t i, const Row& x) {
    const std::size_t row = gate * kHidden + i;
    double sum = b[d * 2 * rows + row];
    for (std::size_t k = 0; k < n; ++k) sum += w[(d * rows + row) * n + k] * x[k];
    return sum;
  };
  const auto from_h = [&](std::size_t gate, std::size_t i, const Row& h) {
    const std::size_t row = gate * kHidden + i;
    double sum = b[d * 2 * rows + rows + row];
    for (std::size_t k = 0; k < kHidden; ++k) sum += r[(d * rows + row) * kHidden + k] * h[k];
    return sum;
  };
  Row h(kHidden), c(kHidden);
  Rows states;
  for (const Row& x : steps) {
    Row next(kHidden), reset(kHidden), reset_h(kHidden);
    for (std::size_t i = 0; i < kHidden && node.op == "GRU"; ++i) {
      reset[i] = logistic(from_x(1, i, x) + from_h(1, i, h));
      reset_h[i] = reset[i] * h[i];
    }
    for (std::size_t i = 0; i < kHidden; ++i) {
      if (node.op == "RNN") {
        next[i] = std::tanh(from_x(0, i, x) + from_h(0, i, h));
      } else if (node.op == "GRU") {
        const double z = logistic(from_x(0, i, x) + from_h(0, i, h));
        const double inner =
            node.linear_before_reset ? reset[i] * from_h(2, i, h) : from_h(2, i, reset_h);
        next[i] = (1 - z) * std::tanh(from_x(2, i, x) + inner) + z * h[i];
      } else {
        const double in = logistic(from_x(0, i, x) + from_h(0, i, h));
        const double emit = logistic(from_x(1, i, x) + from_h(1, i, h));
        const double forget = logistic(from_x(2, i, x) + from_h(2, i, h));
        c[i] = forget * c[i] + in * std::tanh(from_x(3, i, x) + from_h(3, i, h));
        next[i] = emit * std::tanh(c[i]);
      }
    }
    h = next;
    states.push_back(h);
  }
  return {states, c};
}

}  // namespace

NodeOutputs run_node(const Node& node, const Rows& x) {
  NodeOutputs out;
  out.y.resize(x.size());
  for (std::size_t d = 0; d < node.directions(); ++d) {
    const bool backwards = d == 1 || node.direction == "reverse";
    auto [states, cell] = run_direction(node, d, backwards ? Rows(x.rbegin(), x.rend()) : x);
    out.y_h.insert(out.y_h.end(), states.back().begin(), states.back().end());
    out.y_c.insert(out.y_c.end(), cell.begin(), cell.end());
    if (backwards) states = Rows(states.rbegin(), states.rend());
    for (std::size_t t = 0; t < x.size(); ++t)
      out.y[t].insert(out.y[t].end(), states[t].begin(), states[t].end());
  }
  return out;
}

Row joined(const Rows& rows) {
  Row out;
  for (const Row& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}

std::vector<float> input_values() { return values(kSteps * kIn, 99); }

Rows input_rows() {
  const std::vector<float> all = input_values();
  Rows out;
  for (std::size_t t = 0; t < kSteps; ++t)
    out.emplace_back(all.begin() + t * kIn, all.begin() + (t + 1) * kIn);
  return out;
}

::onnx::NodeProto* add(GraphMaker& g, const Node& node, const std::string& x,
                       const std::string& suffix) {
  const auto d = static_cast<std::int64_t>(node.directions()),
             rows = static_cast<std::int64_t>(node.rows());
  g.weights("w" + suffix, {d, rows, node.input}, node.w());
  g.weights("r" + suffix, {d, rows, kHidden}, node.r());
  g.weights("b" + suffix, {d, 2 * rows}, node.b());
  auto* out = g.node(node.op, {x, "w" + suffix, "r" + suffix, "b" + suffix},
                     {"y" + suffix, "y_h" + suffix});
  attribute(out, "hidden_size", kHidden);
  if (node.direction != "forward") attribute(out, "direction", node.direction.c_str());
  if (node.linear_before_reset) attribute(out, "linear_before_reset", std::int64_t{1});
  return out;
}

GraphMaker single(const Node& node, const std::string& output) {
  GraphMaker g;
  g.input("x", {-1, 1, kIn});
  add(g, node, "x");
  g.output(output);
  return g;
}

std::vector<Node> all_kinds() {
  std::vector<Node> out;
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    out.push_back({"LSTM", direction});
    out.push_back({"RNN", direction});
    out.push_back({"GRU", direction, false});
    out.push_back({"GRU", direction, true});
  }
  return out;
}

}  // namespace soliton::test
