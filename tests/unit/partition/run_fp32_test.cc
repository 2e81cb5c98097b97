// run_fp32 against the textbook equations written out element by element.
#include "tests/unit/partition/run_fp32.h"

#include <gtest/gtest.h>

#include <cmath>

#include "partition/ir/layer_graph.h"
#include "protocol/base/rng.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using Rows = std::vector<std::vector<double>>;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double weight(const Tensor& matrix, std::size_t row, std::size_t column) {
  return (*matrix.values)[row * static_cast<std::size_t>(matrix.shape[1]) + column];
}

// Row `row` of matrix * x + bias.
double affine(const Tensor& matrix, const Tensor& bias, std::size_t row,
              const std::vector<double>& x) {
  double sum = (*bias.values)[row];
  for (std::size_t k = 0; k < x.size(); ++k) sum += weight(matrix, row, k) * x[k];
  return sum;
}

std::vector<double> naive_gru_step(const RecurrentWeights& w, bool reset_after,
                                   const std::vector<double>& x, const std::vector<double>& h) {
  const std::size_t n = h.size();
  const auto in = [&](std::size_t gate, std::size_t i) {
    return affine(w.input, w.input_bias, gate * n + i, x);
  };
  const auto rec = [&](std::size_t gate, std::size_t i, const std::vector<double>& v) {
    return affine(w.recurrent, w.recurrent_bias, gate * n + i, v);
  };
  std::vector<double> r(n), z(n), rh(n), out(n);
  for (std::size_t i = 0; i < n; ++i) {
    r[i] = logistic(in(0, i) + rec(0, i, h));
    z[i] = logistic(in(1, i) + rec(1, i, h));
    rh[i] = r[i] * h[i];
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double candidate =
        std::tanh(in(2, i) + (reset_after ? r[i] * rec(2, i, h) : rec(2, i, rh)));
    out[i] = (1 - z[i]) * candidate + z[i] * h[i];
  }
  return out;
}

std::vector<double> naive_lstm_step(const RecurrentWeights& w, const std::vector<double>& x,
                                    const std::vector<double>& h, std::vector<double>& c) {
  const std::size_t n = h.size();
  const auto gate = [&](std::size_t g, std::size_t i) {
    return affine(w.input, w.input_bias, g * n + i, x) +
           affine(w.recurrent, w.recurrent_bias, g * n + i, h);
  };
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double in = logistic(gate(0, i)), forget = logistic(gate(1, i)),
                 emit = logistic(gate(2, i));
    c[i] = forget * c[i] + in * std::tanh(gate(3, i));
    out[i] = emit * std::tanh(c[i]);
  }
  return out;
}

std::vector<double> naive_rnn_step(const RecurrentWeights& w, const std::vector<double>& x,
                                   const std::vector<double>& h) {
  std::vector<double> out(h.size());
  for (std::size_t i = 0; i < h.size(); ++i)
    out[i] = std::tanh(affine(w.input, w.input_bias, i, x) +
                       affine(w.recurrent, w.recurrent_bias, i, h));
  return out;
}

// States in the order the steps were taken.
Rows naive_direction(const RecurrentLayer& layer, std::size_t direction, const Rows& steps) {
  const auto n = static_cast<std::size_t>(layer.hidden);
  std::vector<double> h(n), c(n);
  Rows out;
  for (const auto& x : steps) {
    const RecurrentWeights& w = layer.directions[direction];
    h = layer.cell == Cell::kLstm  ? naive_lstm_step(w, x, h, c)
        : layer.cell == Cell::kRnn ? naive_rnn_step(w, x, h)
                                   : naive_gru_step(w, layer.reset_after, x, h);
    out.push_back(h);
  }
  return out;
}

struct Case {
  LayerGraph model;
  std::vector<float> vectors;
  Rows steps;
};

constexpr std::int64_t kSteps = 6;

Case make(const RnnOptions& given) {
  RnnOptions options = given;
  options.input = 11;
  options.hidden = 13;
  options.steps = kSteps;
  Case out{rnn(options), {}, {}};
  const Random random(3, "test input");
  for (std::int64_t t = 0; t < kSteps; ++t) {
    out.steps.emplace_back();
    for (std::int64_t i = 0; i < 11; ++i) {
      out.vectors.push_back(
          static_cast<float>(2 * random.unit(static_cast<std::uint64_t>(t * 11 + i)) - 1));
      out.steps.back().push_back(out.vectors.back());
    }
  }
  return out;
}

RecurrentLayer& layer_of(Case& c) { return std::get<RecurrentLayer>(c.model.layers[0]); }

void expect_rows(const std::vector<float>& got, const Rows& want) {
  std::size_t at = 0;
  for (const auto& row : want)
    for (const double v : row) {
      ASSERT_LT(at, got.size());
      ASSERT_NEAR(got[at], v, 1e-6) << "element " << at;
      ++at;
    }
  EXPECT_EQ(at, got.size());
}

RnnOptions cell(Cell cell, bool reset_after = false) {
  RnnOptions options;
  options.cell = cell;
  options.reset_after = reset_after;
  return options;
}

TEST(RunFp32, MatchesTheEquationsOfEachCell) {
  for (const RnnOptions& options :
       {cell(Cell::kGru), cell(Cell::kGru, true), cell(Cell::kLstm), cell(Cell::kRnn)}) {
    Case c = make(options);
    expect_rows(run_fp32(c.model, c.vectors, kSteps), naive_direction(layer_of(c), 0, c.steps));
  }
}

TEST(RunFp32, ResetBeforeAndAfterTheProductDiffer) {
  Case before = make(cell(Cell::kGru, false));
  Case after = make(cell(Cell::kGru, true));
  EXPECT_EQ(*layer_of(before).directions[0].input.values,
            *layer_of(after).directions[0].input.values);
  EXPECT_NE(run_fp32(before.model, before.vectors, kSteps),
            run_fp32(after.model, after.vectors, kSteps));
}

TEST(RunFp32, BidirectionalConcatenatesForwardAndReverseOfEachStep) {
  RnnOptions options = cell(Cell::kLstm);
  options.bidirectional = true;
  Case c = make(options);
  const Rows forward = naive_direction(layer_of(c), 0, c.steps);
  const Rows backward = naive_direction(layer_of(c), 1, Rows(c.steps.rbegin(), c.steps.rend()));
  Rows want;
  for (std::size_t t = 0; t < c.steps.size(); ++t) {
    want.push_back(forward[t]);
    const auto& other = backward[c.steps.size() - 1 - t];
    want.back().insert(want.back().end(), other.begin(), other.end());
  }
  expect_rows(run_fp32(c.model, c.vectors, kSteps), want);
}

TEST(RunFp32, LastStateOfBothDirectionsIsWhereEachEnds) {
  RnnOptions options = cell(Cell::kGru);
  options.bidirectional = true;
  Case c = make(options);
  c.model.results.front().what = LayerInput::What::kLast;
  std::vector<double> want = naive_direction(layer_of(c), 0, c.steps).back();
  const auto reverse =
      naive_direction(layer_of(c), 1, Rows(c.steps.rbegin(), c.steps.rend())).back();
  want.insert(want.end(), reverse.begin(), reverse.end());
  expect_rows(run_fp32(c.model, c.vectors, kSteps), {want});
}

TEST(RunFp32, ReverseAloneRunsFromTheLastStepToTheFirst) {
  Case c = make(cell(Cell::kGru));
  layer_of(c).reverse = true;
  Rows want = naive_direction(layer_of(c), 0, Rows(c.steps.rbegin(), c.steps.rend()));
  expect_rows(run_fp32(c.model, c.vectors, kSteps), Rows(want.rbegin(), want.rend()));
}

TEST(RunFp32, SecondLayerReadsTheFirst) {
  RnnOptions options = cell(Cell::kLstm);
  options.layers = 2;
  Case c = make(options);
  const Rows first = naive_direction(layer_of(c), 0, c.steps);
  expect_rows(run_fp32(c.model, c.vectors, kSteps),
              naive_direction(std::get<RecurrentLayer>(c.model.layers[1]), 0, first));
}

DenseLayer dense(std::int64_t input) {
  DenseLayer layer;
  layer.name = "dense0";
  layer.input = input;
  layer.output = 3;
  std::vector<float> weights;
  for (std::int64_t i = 0; i < 3 * input; ++i)
    weights.push_back(static_cast<float>(i % 7) / 8 - 0.4f);
  layer.weights = {"w", {3, input}, std::make_shared<const std::vector<float>>(weights)};
  layer.bias = {
      "b", {3}, std::make_shared<const std::vector<float>>(std::vector<float>{0.5f, -1.f, 2.f})};
  return layer;
}

std::vector<double> naive_dense(const DenseLayer& layer, const std::vector<double>& x) {
  std::vector<double> out;
  for (std::size_t row = 0; row < 3; ++row)
    out.push_back(affine(layer.weights, layer.bias, row, x));
  return out;
}

TEST(RunFp32, DenseRunsOnEveryStepOrOnTheLast) {
  for (const bool every_step : {true, false}) {
    Case c = make(cell(Cell::kGru));
    const Rows states = naive_direction(layer_of(c), 0, c.steps);
    append(c.model, dense(13), every_step ? LayerInput::What::kEvery : LayerInput::What::kLast);
    ASSERT_TRUE(check_layers(c.model).empty()) << check_layers(c.model).text();
    Rows want;
    for (const auto& state : states)
      want.push_back(naive_dense(std::get<DenseLayer>(c.model.layers[1]), state));
    if (!every_step) want.erase(want.begin(), want.end() - 1);
    expect_rows(run_fp32(c.model, c.vectors, kSteps), want);
  }
}

}  // namespace
}  // namespace soliton::test
