// Folding, tidying and finding states.
#include <gtest/gtest.h>

#include "partition/ir/evaluate.h"
#include "partition/ir/passes/fold.h"
#include "partition/ir/passes/states.h"
#include "partition/ir/passes/tidy.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton::ir {
namespace {

using test::floats;
using test::TestGraph;

TEST(Fold, MakesConstantsOfNodesOnConstants) {
  TestGraph t;
  const ValueId x = t.input("x", {2});
  const ValueId a = t.constant("a", floats({1, 2}));
  const ValueId twice = t.node("twice", "Add", {a, a});
  t.output(t.node("y", "Mul", {x, twice}));
  fold_constants(t.graph);
  remove_unused(t.graph);
  ASSERT_EQ(t.graph.nodes.size(), 1u);
  EXPECT_EQ(broken_rule(t.graph), "");
  const std::vector<Array> in = {floats({10, 10})};
  const Result<Outputs> out = evaluate(t.graph, in);
  ASSERT_TRUE(out);
  EXPECT_TRUE(identical(out->front(), floats({20, 40})));
}

Attribute body_of(const std::string& name, TestGraph body) {
  Attribute out;
  out.name = name;
  out.kind = Attribute::Kind::kGraph;
  out.graph = std::make_shared<const Graph>(std::move(body.graph));
  return out;
}

// Branches that add or multiply a captured value.
TestGraph with_if(bool constant_condition) {
  TestGraph t;
  const ValueId x = t.input("x", {2});
  const ValueId condition = constant_condition ? t.constant("c", Array::scalar(Bool(true)))
                                               : t.input("c", {}, ElementType::kBool);
  const auto branch = [](const char* op) {
    TestGraph body;
    const ValueId captured = body.input("x", {2});
    body.output(body.node("z", op, {captured, captured}));
    return body;
  };
  const ValueId y =
      t.node("y", "If", {condition, x},
             {body_of("then_branch", branch("Add")), body_of("else_branch", branch("Mul"))});
  t.graph.nodes.back().captured = 1;
  t.output(y);
  return t;
}

TEST(Fold, TakesTheBranchOfAnIfWhoseConditionIsKnown) {
  TestGraph t = with_if(true);
  fold_constants(t.graph);
  remove_unused(t.graph);
  ASSERT_EQ(t.graph.nodes.size(), 1u);
  EXPECT_EQ(t.graph.nodes.front().op, "Add");
  EXPECT_EQ(broken_rule(t.graph), "");
}

TEST(Fold, LeavesAnIfWhoseConditionComesWithTheRequest) {
  TestGraph t = with_if(false);
  fold_constants(t.graph);
  ASSERT_EQ(t.graph.nodes.front().op, "If");
  const auto run = [&](bool condition) {
    const std::vector<Array> in = {floats({3, 4}), Array::scalar(Bool(condition))};
    return evaluate(t.graph, in).value().front();
  };
  EXPECT_TRUE(identical(run(true), floats({6, 8})));
  EXPECT_TRUE(identical(run(false), floats({9, 16})));
}

TEST(Fold, KeepsANodeThatCannotRunOnItsConstants) {
  TestGraph t;
  t.input("x", {1});
  const ValueId a = t.constant("a", floats({1, 2}));
  const ValueId b = t.constant("b", floats({1, 2, 3}));
  t.output(t.node("y", "Add", {a, b}));
  fold_constants(t.graph);
  EXPECT_EQ(t.graph.nodes.size(), 1u);
  const std::vector<Array> in = {floats({0})};
  EXPECT_EQ(evaluate(t.graph, in).error().message,
            "node \"y\" (Add) has inputs of shapes [2] and [3], which do not broadcast");
}

TEST(Tidy, RemovesWhatNoOutputNeeds) {
  TestGraph t;
  const ValueId x = t.input("x", {1});
  t.node("unused", "Relu", {x});
  t.output(t.node("y", "Neg", {x}));
  remove_unused(t.graph);
  ASSERT_EQ(t.graph.nodes.size(), 1u);
  EXPECT_EQ(t.graph.nodes.front().name, "y");
  EXPECT_EQ(t.graph.values.size(), 2u);
}

TEST(Tidy, GivesOutputsThatAreInputsANodeOfTheirOwn) {
  TestGraph t;
  const ValueId x = t.input("x", {1});
  t.output(x);
  t.output(t.constant("c", floats({5})));
  make_outputs(t.graph);
  EXPECT_EQ(t.graph.nodes.size(), 2u);
  const std::vector<Array> in = {floats({7})};
  const Outputs out = evaluate(t.graph, in).value();
  EXPECT_TRUE(identical(out[0], floats({7})));
  EXPECT_TRUE(identical(out[1], floats({5})));
}

TEST(States, AreFoundByTheirNames) {
  TestGraph t;
  const ValueId x = t.input("x", {1});
  const ValueId state = t.input("state", {1});
  const ValueId next = t.node("stateN", "Add", {x, state});
  t.output(t.node("y", "Neg", {next}));
  t.output(next);
  const Checked<std::vector<StatePair>> pairs = find_states(t.graph, {1});
  ASSERT_TRUE(pairs);
  ASSERT_EQ(pairs->size(), 1u);
  EXPECT_EQ(pairs->front().input, 1u);
  EXPECT_EQ(pairs->front().output, 1u);
}

TEST(States, OfOneOutputThatIsTheAnswerThereIsNone) {
  TestGraph t;
  const ValueId x = t.input("x", {1});
  const ValueId other = t.input("other", {1});
  t.output(t.node("y", "Add", {x, other}));
  const Checked<std::vector<StatePair>> pairs = find_states(t.graph, {1});
  ASSERT_FALSE(pairs);
  EXPECT_NE(pairs.error().text().find("input \"other\" has no source"), std::string::npos);
}

// As the number of results of a TopK, whose second output has nothing to do with it.
TEST(States, AnIntegerIsASettingUnlessItsNameSaysOtherwise) {
  TestGraph t;
  const ValueId x = t.input("x", {4});
  const ValueId k = t.input("k", {1}, ElementType::kInt64);
  const ValueId values = t.node("values", "TopK", {x, k});
  t.output(values);
  t.output(t.node("indices", "Identity", {k}));
  EXPECT_FALSE(find_states(t.graph, {1}));
}

TEST(Infer, ReportsEveryNodeThatCannotRunAndGoesOnBesideIt) {
  TestGraph t;
  const ValueId x = t.input("x", {2});
  const ValueId three = t.constant("three", floats({1, 2, 3}));
  const ValueId bad = t.node("bad", "Add", {x, three});
  t.output(t.node("behind", "Relu", {bad}));
  t.output(t.node("worse", "Mul", {three, x}));
  const std::vector<Array> in = {Array::unknown(ElementType::kFloat32, {2})};
  const Checked<std::vector<Array>> arrays = infer(t.graph, in);
  ASSERT_FALSE(arrays);
  EXPECT_EQ(arrays.error().errors.size(), 2u);
}

// Three constants of 2^27 truth values, of which two are kept.
TEST(Infer, KeepsNoMoreThanOneOperatorMayMake) {
  TestGraph t;
  const ValueId size = t.constant("size", Array::integers({1 << 27}));
  ir::Attribute value;
  value.name = "value";
  value.kind = ir::Attribute::Kind::kArray;
  value.array = Array::of<Bool>({1}, {Bool(false)});
  std::vector<ValueId> made;
  for (const char* name : {"a", "b", "c"})
    made.push_back(t.node(name, "ConstantOfShape", {size}, {value}));
  for (const ValueId id : made) t.output(id);
  const std::vector<Array> arrays = infer(t.graph, {}).value();
  EXPECT_TRUE(arrays[made[0]].known() && arrays[made[1]].known());
  EXPECT_FALSE(arrays[made[2]].known());
  EXPECT_EQ(arrays[made[2]].elements(), 1 << 27);
}

}  // namespace
}  // namespace soliton::ir
