// Embedding, Gemm and MatMul in their forms, biases, softmax, and networks without recurrent
// layers.
#include <cmath>
#include <numeric>

#include "partition/ir/evaluate.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kIn = 3, kOut = 2;

std::vector<float> matrix() { return values(kIn * kOut, 1); }
std::vector<float> bias() { return values(kOut, 2); }
std::vector<float> data() { return values(kIn, 3); }

// As rows of outputs: what a layer has.
std::vector<float> rows(bool flipped) {
  std::vector<float> out;
  for (std::size_t o = 0; o < kOut; ++o)
    for (std::size_t i = 0; i < kIn; ++i)
      out.push_back(matrix()[flipped ? o * kIn + i : i * kOut + o]);
  return out;
}

// alpha * x W + beta * b; W row-major [in, out], or [out, in] when `flipped`.
std::vector<double> expected(const std::vector<float>& x, bool flipped, double alpha = 1,
                             double beta = 1) {
  std::vector<double> out;
  for (std::size_t o = 0; o < kOut; ++o) {
    double sum = 0;
    for (std::size_t i = 0; i < kIn; ++i)
      sum += x[i] * matrix()[flipped ? o * kIn + i : i * kOut + o];
    out.push_back(alpha * sum + beta * bias()[o]);
  }
  return out;
}

// With `trans_a` the vector comes as a column and is turned back by the node.
GraphMaker gemm(const Dims& input, bool trans_a, bool trans_b, const Dims& bias_shape) {
  GraphMaker g;
  g.input("x", input);
  if (trans_a) attribute(g.node("Transpose", {"x"}, {"column"}), "perm", Dims{1, 0});
  g.weights("w", trans_b ? Dims{kOut, kIn} : Dims{kIn, kOut}, matrix());
  g.weights("b", bias_shape, bias());
  auto* node = g.node("Gemm", {trans_a ? "column" : "x", "w", "b"}, {"y"});
  if (trans_a) attribute(node, "transA", std::int64_t{1});
  if (trans_b) attribute(node, "transB", std::int64_t{1});
  g.output("y");
  return g;
}

class Dense : public OnnxTest {};

TEST_F(Dense, GemmInEveryTransposition) {
  for (const bool trans_a : {false, true})
    for (const bool trans_b : {false, true}) {
      const SplitFile file = split_of(gemm({1, kIn}, trans_a, trans_b, {1, kOut}));
      expect_near(file.run({data()}), expected(data(), trans_b));
      if (trans_a) {
        EXPECT_EQ(file.layers().size(), 0u);
        EXPECT_EQ(file.why("make_y"), "transposes its first matrix");
        continue;
      }
      EXPECT_EQ(file.on_cpu(), Names());
      ASSERT_EQ(file.layers().size(), 1u);
      const DenseLayer& layer = file.dense();
      EXPECT_EQ(layer.name, "make_y");
      EXPECT_EQ(layer.tokens, 1);
      EXPECT_EQ(layer.inputs, (std::vector{from_host(0)}));
      EXPECT_EQ(layer.weights.shape, (Dims{kOut, kIn}));
      EXPECT_EQ(*layer.weights.values, rows(trans_b));
      EXPECT_EQ(*layer.bias.values, bias());
    }
}

TEST_F(Dense, GemmScalesProductAndBias) {
  GraphMaker g = gemm({1, kIn}, false, true, {kOut});
  attribute(g.graph().mutable_node(0), "alpha", 0.5f);
  attribute(g.graph().mutable_node(0), "beta", 3.f);
  const SplitFile file = split_of(g);
  expect_near(file.run({data()}), expected(data(), true, 0.5, 3));
  for (std::size_t i = 0; i < kIn * kOut; ++i)
    EXPECT_EQ((*file.dense().weights.values)[i], 0.5f * rows(true)[i]);
  for (std::size_t o = 0; o < kOut; ++o) EXPECT_EQ((*file.dense().bias.values)[o], 3.f * bias()[o]);
}

TEST_F(Dense, TheConstantInFrontIsMultipliedOnACpu) {
  GraphMaker g;
  g.input("x", {1, kIn});
  attribute(g.node("Transpose", {"x"}, {"column"}), "perm", Dims{1, 0});
  g.weights("w", {kOut, kIn}, matrix());
  g.weights("b", {kOut, 1}, bias());
  g.node("Gemm", {"w", "column", "b"}, {"y"});
  g.output("y");
  EXPECT_EQ(split_of(g).why("make_y"), "multiplies by a matrix that is not constant");
  expect_near(split_of(g).run({data()}), expected(data(), true));

  GraphMaker m;
  m.input("x", {kIn});
  m.weights("w", {kOut, kIn}, matrix());
  m.weights("b", {kOut}, bias());
  m.node("MatMul", {"w", "x"}, {"product"});
  m.node("Add", {"product", "b"}, {"y"});
  m.output("y");
  EXPECT_EQ(split_of(m).on_cpu(), (Names{"make_product", "make_y"}));
  EXPECT_EQ(split_of(m).why("make_y"), "reads nothing that an FPGA makes");
  expect_near(split_of(m).run({data()}), expected(data(), true));
}

TEST_F(Dense, MatMulAndAddInEitherOrder) {
  for (const Names& order : {Names{"product", "b"}, Names{"b", "product"}}) {
    GraphMaker g;
    g.input("x", {-1, kIn});
    g.weights("w", {kIn, kOut}, matrix());
    g.weights("b", {kOut}, bias());
    g.node("MatMul", {"x", "w"}, {"product"});
    g.node("Add", order, {"y"});
    g.output("y");
    const SplitFile file = split_of(g, {{}, {{1}}});
    EXPECT_EQ(file.on_cpu(), Names());
    ASSERT_EQ(file.layers().size(), 1u);
    const DenseLayer& layer = file.dense();
    EXPECT_EQ(layer.operators, (Names{"make_product", "make_y"}));
    EXPECT_EQ(*layer.weights.values, rows(false));
    ASSERT_EQ(layer.operations.size(), 1u);
    EXPECT_EQ(layer.operations[0].opcode, Opcode::kVvAdd);
    EXPECT_EQ(*layer.operations[0].constant.values, bias());
    expect_near(file.run({data()}), expected(data(), false));
  }
}

TEST_F(Dense, TwoBiasesAddUpAndAScalarCountsForAll) {
  GraphMaker g = gemm({1, kIn}, false, false, {kOut});
  g.weights("c", {}, {0.25f});
  g.node("Add", {"y", "c"}, {"z"});
  g.graph().mutable_output(0)->set_name("z");
  std::vector<double> want = expected(data(), false);
  for (double& v : want) v += 0.25;
  const SplitFile file = split_of(g);
  ASSERT_EQ(file.layers().size(), 1u);
  EXPECT_EQ(*file.dense().bias.values, bias());
  ASSERT_EQ(file.dense().operations.size(), 1u);
  EXPECT_EQ(*file.dense().operations[0].constant.values, std::vector<float>(kOut, 0.25f));
  expect_near(file.run({data()}), want);
}

TEST_F(Dense, TwoLayersAndAFixedNumberOfVectors) {
  GraphMaker g;
  g.input("x", {4, kIn});
  g.weights("w", {kIn, kOut}, matrix());
  g.weights("v", {kOut, kOut}, {1, 0, 0, 2});
  g.node("MatMul", {"x", "w"}, {"a"});
  g.node("MatMul", {"a", "v"}, {"y"});
  g.output("y");
  const SplitFile file = split_of(g);
  ASSERT_EQ(file.layers().size(), 2u);
  EXPECT_EQ(file.dense(0).tokens, 4);
  EXPECT_EQ(file.dense(1).tokens, 4);
  EXPECT_EQ(file.dense(1).name, "make_y");
  EXPECT_EQ(file.dense(1).inputs, (std::vector{from_layer(0)}));
  EXPECT_EQ(file.split.fpga.results, (std::vector{from_layer(1)}));
  const std::vector<float> x = values(4 * kIn, 9);
  std::vector<double> want;
  for (std::size_t t = 0; t < 4; ++t)
    for (std::size_t o = 0; o < kOut; ++o) {
      double sum = 0;
      for (std::size_t i = 0; i < kIn; ++i) sum += x[t * kIn + i] * matrix()[i * kOut + o];
      want.push_back(sum * (o == 0 ? 1 : 2));
    }
  expect_near(file.run({x}), want);
}

TEST_F(Dense, AWholePictureIsOneVector) {
  for (const bool flatten : {false, true}) {
    GraphMaker g;
    g.input("x", {1, 2, 2, 3});
    g.integers("shape", {2}, {1, -1});
    if (flatten)
      g.node("Flatten", {"x"}, {"flat"});
    else
      g.node("Reshape", {"x", "shape"}, {"flat"});
    g.weights("w", {12, 1}, values(12, 4));
    g.node("MatMul", {"flat", "w"}, {"y"});
    g.output("y");
    const SplitFile file = split_of(g);
    EXPECT_EQ(file.on_cpu(), Names{});
    EXPECT_EQ(file.dense().input, 12);
    EXPECT_EQ(file.dense().tokens, 1);
    const std::vector<float> x = values(12, 5);
    double want = 0;
    for (std::size_t i = 0; i < 12; ++i) want += static_cast<double>(x[i]) * values(12, 4)[i];
    expect_near(file.run({x}), {want});
  }
}

TEST_F(Dense, AnEmbeddingInFrontOfALayerIsReadOnACpu) {
  GraphMaker g;
  g.input("tokens", {6, 1}, ::onnx::TensorProto::INT32);
  attribute(g.node("Cast", {"tokens"}, {"wide"}), "to", std::int64_t{::onnx::TensorProto::INT64});
  g.weights("table", {5, kIn}, values(5 * kIn, 8));
  g.node("Gather", {"table", "wide"}, {"vectors"});
  g.weights("w", {kIn, kOut}, matrix());
  g.node("MatMul", {"vectors", "w"}, {"y"});
  g.output("y");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), (Names{"make_wide", "make_vectors"}));
  EXPECT_EQ(file.why("make_wide"), "is an operator that no FPGA runs");
  EXPECT_EQ(file.why("make_vectors"), "moves elements that no FPGA makes");
  ASSERT_EQ(file.split.fpga.sources.size(), 1u);
  EXPECT_EQ(file.split.fpga.sources[0].name, "vectors");
  EXPECT_EQ(file.split.fpga.sources[0].elements, kIn);
  EXPECT_EQ(file.split.fpga.sources[0].tokens, 6);
  EXPECT_EQ(file.dense().tokens, 6);
  const std::vector<ir::Array> tokens{ir::Array::of<std::int32_t>({6, 1}, {4, 0, 3, 3, 1, 2})};
  const ir::Outputs outputs = ir::evaluate(file.graph, tokens).value();
  std::vector<double> want;
  for (const std::size_t token : {4, 0, 3, 3, 1, 2})
    for (std::size_t o = 0; o < kOut; ++o) {
      double sum = 0;
      for (std::size_t i = 0; i < kIn; ++i)
        sum += values(5 * kIn, 8)[token * kIn + i] * matrix()[i * kOut + o];
      want.push_back(sum);
    }
  const auto got = outputs[0].as<float>();
  expect_near({got.begin(), got.end()}, want);
}

GraphMaker with_softmax(const char* op, const Dims& input, std::int64_t axis) {
  GraphMaker g = gemm(input, false, false, {kOut});
  attribute(g.node(op, {"y"}, {"p"}), "axis", axis);
  g.graph().mutable_output(0)->set_name("p");
  return g;
}

TEST_F(Dense, SoftmaxRunsOverVectorsAndAnythingElseOnACpu) {
  for (const std::int64_t axis : {1, -1}) {
    const SplitFile file = split_of(with_softmax("Softmax", {1, kIn}, axis));
    EXPECT_EQ(file.on_cpu(), Names());
    const std::vector<double> y = expected(data(), false);
    const double sum = std::exp(y[0]) + std::exp(y[1]);
    expect_near(file.run({data()}), {std::exp(y[0]) / sum, std::exp(y[1]) / sum});
  }
  EXPECT_EQ(split_of(with_softmax("Softmax", {4, kIn}, 0)).why("make_p"),
            "works along another axis than the last");
  const SplitFile logarithm = split_of(with_softmax("LogSoftmax", {1, kIn}, 1));
  EXPECT_EQ(logarithm.why("make_p"), "is an operator that no FPGA runs");
  const std::vector<double> y = expected(data(), false);
  const double sum = std::log(std::exp(y[0]) + std::exp(y[1]));
  expect_near(logarithm.run({data()}), {y[0] - sum, y[1] - sum});
}

TEST_F(Dense, SoftmaxWithoutAxisMeansWhatItsOpsetSays) {
  const auto softmax = [&](std::int64_t opset, const Dims& input) {
    GraphMaker g(opset);
    g.input("x", input);
    g.weights("w", {kIn, kOut}, matrix());
    g.node("MatMul", {"x", "w"}, {"y"});
    g.node("Softmax", {"y"}, {"p"});
    g.output("p");
    return split_of(g);
  };
  EXPECT_EQ(softmax(13, {4, 1, kIn}).why("make_p"), "");  // the last axis
  EXPECT_EQ(softmax(12, {4, 1, kIn}).why("make_p"), "");  // axes 1 and 2, of which one is 1
  EXPECT_EQ(softmax(13, {1, 4, kIn}).why("make_p"), "");
  EXPECT_NE(softmax(12, {1, 4, kIn}).why("make_p"), "");
  const std::vector<float> each = softmax(13, {1, 4, kIn}).run({values(4 * kIn, 3)});
  EXPECT_NEAR(std::accumulate(each.begin(), each.end(), 0.0), 4, 1e-6);
  // All 8 numbers.
  const std::vector<float> all = softmax(12, {1, 4, kIn}).run({values(4 * kIn, 3)});
  EXPECT_NEAR(std::accumulate(all.begin(), all.end(), 0.0), 1, 1e-6);
}

TEST_F(Dense, ADropoutWhoseMaskIsWantedRunsOnACpu) {
  GraphMaker g = gemm({1, kIn}, false, false, {kOut});
  g.node("Dropout", {"y"}, {"kept", "mask"});
  g.graph().mutable_output(0)->set_name("kept");
  g.output("mask");
  EXPECT_EQ(split_of(g).on_cpu(), (Names{"make_kept"}));
}

TEST_F(Dense, WhatIsNoProductMayFollowOrStandAlone) {
  GraphMaker add = gemm({1, kIn}, false, false, {kOut});
  add.node("Softmax", {"y"}, {"p"});
  add.node("Add", {"p", "b"}, {"z"});
  add.graph().mutable_output(0)->set_name("z");
  EXPECT_EQ(split_of(add).on_cpu(), Names());

  GraphMaker none;
  none.input("x", {1, 3});
  none.node("Identity", {"x"}, {"y"});
  none.output("y");
  const SplitFile file = split_of(none);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.on_cpu(), (Names{"make_y"}));
  expect_near(file.run({{1, 2, 3}}), {1, 2, 3});
}

TEST_F(Dense, AConstantThatIsNotTheSameForEveryVectorIsAddedOnACpu) {
  GraphMaker g = gemm({4, kIn}, false, false, {kOut});
  g.weights("c", {4, 1}, values(4, 1));
  g.node("Add", {"y", "c"}, {"z"});
  g.graph().mutable_output(0)->set_name("z");
  EXPECT_EQ(split_of(g).why("make_z"), "has a constant that is not the same for every vector");
}

TEST_F(Dense, WhatDoesNotFitIsRefusedByName) {
  expect_contains(shape_error_of(gemm({1, kIn + 1}, false, false, {kOut})),
                  "node \"make_y\" (Gemm) has inputs of shapes [1, 4] and [3, 2]");
  GraphMaker shape = gemm({1, kIn}, false, false, {kOut});
  shape.weights("c", {3, 3}, values(9, 1));
  shape.node("Add", {"y", "c"}, {"z"});
  shape.graph().mutable_output(0)->set_name("z");
  expect_contains(shape_error_of(shape),
                  "node \"make_z\" (Add) has inputs of shapes [1, 2] and [3, 3]");
}

TEST_F(Dense, ADropoutCostsNothing) {
  GraphMaker g = gemm({1, kIn}, false, false, {kOut});
  g.node("Dropout", {"y"}, {"kept", "mask"});
  g.graph().mutable_output(0)->set_name("kept");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.on_cpu(), Names());
  EXPECT_EQ(file.layers().size(), 1u);
  expect_near(file.run({data()}), expected(data(), false));
}

}  // namespace
}  // namespace soliton::test
