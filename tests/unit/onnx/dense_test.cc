// Embedding, Gemm and MatMul in their forms, biases, softmax, and networks without recurrent
// layers.
#include <cmath>

#include "tests/unit/ir/run_fp32.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kIn = 3, kOut = 2;

std::vector<float> matrix() { return values(kIn * kOut, 1); }
std::vector<float> bias() { return values(kOut, 2); }
std::vector<float> data() { return values(kIn, 3); }

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
      const GraphMaker g = gemm({1, kIn}, trans_a, trans_b, {1, kOut});
      const Model model = model_of(g);
      EXPECT_EQ(model.fixed_steps, 1);
      EXPECT_FALSE(model.sequence_output);
      EXPECT_EQ(model.input, kIn);
      expect_near(run_fp32(model, data(), 1), expected(data(), trans_b));
    }
}

TEST_F(Dense, GemmScalesProductAndBias) {
  GraphMaker g = gemm({1, kIn}, false, true, {kOut});
  attribute(g.graph().mutable_node(0), "alpha", 0.5f);
  attribute(g.graph().mutable_node(0), "beta", 3.f);
  expect_near(run_fp32(model_of(g), data(), 1), expected(data(), true, 0.5, 3));
}

TEST_F(Dense, GemmAndMatMulWithTheConstantInFront) {
  GraphMaker g;
  g.input("x", {1, kIn});
  attribute(g.node("Transpose", {"x"}, {"column"}), "perm", Dims{1, 0});
  g.weights("w", {kOut, kIn}, matrix());
  g.weights("b", {kOut, 1}, bias());
  g.node("Gemm", {"w", "column", "b"}, {"y"});
  g.output("y");
  expect_near(run_fp32(model_of(g), data(), 1), expected(data(), true));

  GraphMaker m;
  m.input("x", {kIn});
  m.weights("w", {kOut, kIn}, matrix());
  m.weights("b", {kOut}, bias());
  m.node("MatMul", {"w", "x"}, {"product"});
  m.node("Add", {"product", "b"}, {"y"});
  m.output("y");
  expect_near(run_fp32(model_of(m), data(), 1), expected(data(), true));
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
    const Model model = model_of(g);
    EXPECT_EQ(model.notes, (Names{"the input's free dimension \"free\" is taken as 1"}));
    expect_near(run_fp32(model, data(), 1), expected(data(), false));
  }
}

TEST_F(Dense, TwoBiasesAddUpAndAScalarCountsForAll) {
  GraphMaker g = gemm({1, kIn}, false, false, {kOut});
  g.weights("c", {}, {0.25f});
  g.node("Add", {"y", "c"}, {"z"});
  g.graph().mutable_output(0)->set_name("z");
  std::vector<double> want = expected(data(), false);
  for (double& v : want) v += 0.25;
  expect_near(run_fp32(model_of(g), data(), 1), want);
}

TEST_F(Dense, TwoLayersAndAFixedNumberOfVectors) {
  GraphMaker g;
  g.input("x", {4, kIn});
  g.weights("w", {kIn, kOut}, matrix());
  g.weights("v", {kOut, kOut}, {1, 0, 0, 2});
  g.node("MatMul", {"x", "w"}, {"a"});
  g.node("MatMul", {"a", "v"}, {"y"});
  g.output("y");
  const Model model = model_of(g);
  EXPECT_EQ(model.fixed_steps, 4);
  EXPECT_TRUE(model.sequence_output);
  EXPECT_EQ(std::get<DenseLayer>(model.layers[1]).name, "dense1");
  const std::vector<float> x = values(4 * kIn, 9);
  std::vector<double> want;
  for (std::size_t t = 0; t < 4; ++t)
    for (std::size_t o = 0; o < kOut; ++o) {
      double sum = 0;
      for (std::size_t i = 0; i < kIn; ++i) sum += x[t * kIn + i] * matrix()[i * kOut + o];
      want.push_back(sum * (o == 0 ? 1 : 2));
    }
  expect_near(run_fp32(model, x, 4), want);
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
    const Model model = model_of(g);
    EXPECT_EQ(model.input, 12);
    EXPECT_EQ(model.fixed_steps, 1);
    const std::vector<float> x = values(12, 5);
    double want = 0;
    for (std::size_t i = 0; i < 12; ++i) want += static_cast<double>(x[i]) * values(12, 4)[i];
    expect_near(run_fp32(model, x, 1), {want});
  }
}

TEST_F(Dense, EmbeddingInFrontOfALayer) {
  GraphMaker g;
  g.input("tokens", {6, 1}, ::onnx::TensorProto::INT32);
  attribute(g.node("Cast", {"tokens"}, {"wide"}), "to", std::int64_t{::onnx::TensorProto::INT64});
  g.weights("table", {5, kIn}, values(5 * kIn, 8));
  g.node("Gather", {"table", "wide"}, {"vectors"});
  g.weights("w", {kIn, kOut}, matrix());
  g.node("MatMul", {"vectors", "w"}, {"y"});
  g.output("y");
  const Model model = model_of(g);
  EXPECT_EQ(model.before.kind, HostBefore::Kind::kEmbedding);
  EXPECT_EQ(model.before.table.shape, (Dims{5, kIn}));
  EXPECT_EQ(*model.before.table.values, values(5 * kIn, 8));
  EXPECT_EQ(model.fixed_steps, 6);
  EXPECT_TRUE(std::get<DenseLayer>(model.layers[0]).every_step);
  ASSERT_EQ(model.cpu_operators.size(), 1u);
  expect_contains(model.cpu_operators[0], "make_vectors (Gather)");
}

TEST_F(Dense, SoftmaxOverTheVectorsOnly) {
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    GraphMaker g = gemm({1, kIn}, false, false, {kOut});
    attribute(g.node(op, {"y"}, {"p"}), "axis", std::int64_t{1});
    g.graph().mutable_output(0)->set_name("p");
    EXPECT_EQ(model_of(g).after,
              std::string(op) == "Softmax" ? HostAfter::kSoftmax : HostAfter::kLogSoftmax);
  }
  GraphMaker wrong = gemm({4, kIn}, false, false, {kOut});
  attribute(wrong.node("Softmax", {"y"}, {"p"}), "axis", std::int64_t{0});
  wrong.graph().mutable_output(0)->set_name("p");
  expect_contains(error_of(wrong),
                  "node \"make_p\" (Softmax) runs over axis 0 of [4, 2], not over the vectors");
}

TEST_F(Dense, SoftmaxWithoutAxisMeansWhatItsOpsetSays) {
  const auto softmax = [&](std::int64_t opset, const Dims& input) {
    GraphMaker g(opset);
    g.input("x", input);
    g.weights("w", {kIn, kOut}, matrix());
    g.node("MatMul", {"x", "w"}, {"y"});
    g.node("Softmax", {"y"}, {"p"});
    g.output("p");
    return error_of(g);
  };
  EXPECT_EQ(softmax(13, {4, 1, kIn}), "");  // the last axis
  EXPECT_EQ(softmax(12, {4, 1, kIn}), "");  // axes 1 and 2, of which one has a single element
  EXPECT_EQ(softmax(13, {1, 4, kIn}), "");
  expect_contains(softmax(12, {1, 4, kIn}), "runs over axis 1");  // all 8 numbers
}

TEST_F(Dense, WhatIsNoLayerIsRefused) {
  GraphMaker add = gemm({1, kIn}, false, false, {kOut});
  add.node("Softmax", {"y"}, {"p"});
  add.node("Add", {"p", "b"}, {"z"});
  add.graph().mutable_output(0)->set_name("z");
  expect_contains(error_of(add), "node \"make_z\" (Add) follows a softmax");

  GraphMaker wide = gemm({1, kIn + 1}, false, false, {kOut});
  expect_contains(error_of(wide), "multiplies vectors of 4 by a matrix for 3");

  GraphMaker shape = gemm({1, kIn}, false, false, {kOut});
  shape.weights("c", {3, 1}, values(3, 1));
  shape.node("Add", {"y", "c"}, {"z"});
  shape.graph().mutable_output(0)->set_name("z");
  expect_contains(error_of(shape), "adds [3, 1] to [1, 2]");

  GraphMaker none;
  none.input("x", {1, 3});
  none.node("Identity", {"x"}, {"y"});
  none.output("y");
  expect_contains(error_of(none), "graph output \"y\" the graph has no layer");
}

}  // namespace
}  // namespace soliton::test
