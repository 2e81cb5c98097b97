// Files become graphs: names, bodies, constants, what is refused.
#include <gtest/gtest.h>

#include "partition/ir/evaluate.h"
#include "partition/onnx/import_onnx.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

class ImportTest : public OnnxTest {};

ir::Array floats(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return ir::Array::of<float>({count}, std::move(values));
}

std::vector<float> run(const ir::Graph& graph, const std::vector<ir::Array>& inputs) {
  const ir::Outputs outputs = ir::evaluate(graph, inputs).value();
  const auto values = outputs.front().as<float>();
  return {values.begin(), values.end()};
}

// y = x + (a * a), with a constant a.
GraphMaker with_constant() {
  GraphMaker maker;
  maker.input("x", {2});
  maker.weights("a", {2}, {2, 3});
  maker.node("Mul", {"a", "a"}, {"square"});
  maker.node("Add", {"x", "square"}, {"y"});
  maker.output("y");
  return maker;
}

TEST_F(ImportTest, FoldsConstantsAndKeepsTheRest) {
  const Checked<ImportedModel> model = import(with_constant());
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_EQ(broken_rule(model->graph), "");
  ASSERT_EQ(model->graph.nodes.size(), 1u);
  EXPECT_EQ(model->graph.nodes[0].op, "Add");
  EXPECT_EQ(run(model->graph, {floats({1, 1})}), (std::vector<float>{5, 10}));
}

TEST_F(ImportTest, SortsNodesThatStandInAnyOrder) {
  GraphMaker maker;
  maker.input("x", {1});
  maker.node("Neg", {"r"}, {"y"});
  maker.node("Relu", {"x"}, {"r"});
  maker.output("y");
  const Checked<ImportedModel> model = import(maker);
  ASSERT_TRUE(model);
  EXPECT_EQ(model->graph.nodes[0].op, "Relu");
  EXPECT_EQ(run(model->graph, {floats({4})}), (std::vector<float>{-4}));
}

TEST_F(ImportTest, ANodeWithoutANameHasThatOfItsFirstOutputThatIsThere) {
  GraphMaker maker;
  maker.input("x", {2, 1, 3});
  maker.weights("w", {1, 4, 3}, std::vector<float>(12));
  maker.weights("r", {1, 4, 4}, std::vector<float>(16));
  auto* node = maker.node("RNN", {"x", "w", "r"}, {"", "state"});
  node->clear_name();
  auto* hidden = node->add_attribute();
  hidden->set_name("hidden_size");
  hidden->set_type(::onnx::AttributeProto::INT);
  hidden->set_i(4);
  maker.output("state");
  const Checked<ImportedModel> model = import(maker);
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_EQ(model->graph.nodes[0].name, "state");
}

TEST_F(ImportTest, KeepsTypesOfConstants) {
  GraphMaker maker;
  maker.input("x", {1}, ::onnx::TensorProto::INT8);
  auto* bytes = maker.graph().add_initializer();
  bytes->set_name("b");
  bytes->add_dims(1);
  bytes->set_data_type(::onnx::TensorProto::INT8);
  bytes->set_raw_data("\x05");
  maker.node("Add", {"x", "b"}, {"y"});
  maker.output("y");
  const Checked<ImportedModel> model = import(maker);
  ASSERT_TRUE(model) << model.error().text();
  const std::vector<ir::Array> in = {ir::Array::of<std::int8_t>({1}, {125})};
  EXPECT_EQ(ir::evaluate(model->graph, in).value()[0].as<std::int8_t>()[0], -126);
}

// An If whose branches read x from outside.
GraphMaker with_branches() {
  GraphMaker maker;
  maker.input("x", {1});
  maker.input("c", {}, ::onnx::TensorProto::BOOL);
  auto* node = maker.node("If", {"c"}, {"y"});
  for (const auto& [name, op] : {std::pair{"then_branch", "Relu"}, {"else_branch", "Neg"}}) {
    auto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(::onnx::AttributeProto::GRAPH);
    auto* body = attribute->mutable_g();
    auto* inner = body->add_node();
    inner->set_op_type(op);
    inner->add_input("x");
    inner->add_output("z");
    body->add_output()->set_name("z");
  }
  maker.output("y");
  return maker;
}

TEST_F(ImportTest, BranchesTakeTheConditionOfTheRequest) {
  const Checked<ImportedModel> model = import(with_branches());
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_EQ(run(model->graph, {floats({-3}), ir::Array::scalar(ir::Bool(true))}),
            (std::vector<float>{0}));
  EXPECT_EQ(run(model->graph, {floats({-3}), ir::Array::scalar(ir::Bool(false))}),
            (std::vector<float>{3}));
}

TEST_F(ImportTest, AConditionThatIsGivenDecidesTheBranch) {
  const Checked<ImportedModel> model =
      import(with_branches(), {{{"c", ir::Array::scalar(ir::Bool(false))}}, {}});
  ASSERT_TRUE(model) << model.error().text();
  ASSERT_EQ(model->graph.inputs.size(), 1u);
  ASSERT_EQ(model->graph.nodes.size(), 1u);
  EXPECT_EQ(model->graph.nodes[0].op, "Neg");
}

TEST_F(ImportTest, AnUnknownOperatorIsNamedOnceWithItsNodes) {
  GraphMaker maker;
  maker.input("x", {1});
  maker.node("Relux", {"x"}, {"a"});
  maker.node("Relux", {"a"}, {"b"});
  maker.node("Strange", {"b"}, {"y"});
  maker.output("y");
  const std::string text = error_of(maker);
  EXPECT_EQ(text.find("Relux"), text.rfind("operator Relux") + 9);
  expect_contains(
      text, "operator Relux is not supported (node \"make_a\" and 1 more); the nearest is Relu");
  expect_contains(text, "operator Strange is not supported (node \"make_y\")");
}

TEST_F(ImportTest, AnUnknownOperatorThatNoOutputNeedsIsNoError) {
  GraphMaker maker;
  maker.input("x", {1});
  maker.node("Strange", {"x"}, {"unused"});
  maker.node("Relu", {"x"}, {"y"});
  maker.output("y");
  EXPECT_EQ(error_of(maker), "");
}

TEST_F(ImportTest, OutputsThatAreNotThereAreRefused) {
  expect_contains(error_of(with_constant(), {{}, {"z"}}),
                  "has no output \"z\"; its outputs are \"y\"");
  expect_contains(error_of(with_constant(), {{{"q", floats({1})}}, {}}), "has no input \"q\"");
}

TEST_F(ImportTest, ABodyThatReadsWhatNobodyMakesIsRefused) {
  GraphMaker maker = with_branches();
  maker.graph().mutable_node(0)->mutable_attribute(0)->mutable_g()->mutable_node(0)->set_input(
      0, "nowhere");
  expect_contains(error_of(maker), "input \"nowhere\" is not made by any node");
}

}  // namespace
}  // namespace soliton::test
