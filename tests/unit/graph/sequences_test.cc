// Recurrent operators in the form that FPGAs run, with the bits that they had.
#include "partition/ir/passes/sequences.h"

#include <gtest/gtest.h>

#include <optional>

#include "partition/ir/evaluate.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton::ir {
namespace {

using test::TestGraph;

// A GRU over [T, B, 2] or, with batches first, [B, T, 2]; all weights 0.1.
TestGraph gru(ir::Shape x, std::int64_t layout, std::optional<std::vector<std::int32_t>> lengths,
              bool as_input = false) {
  TestGraph t;
  const ValueId in = t.input("x", std::move(x));
  const auto tenths = [](ir::Shape shape) {
    const std::int64_t count = Array::unknown(ElementType::kFloat32, shape).elements();
    return Array::of(std::move(shape), std::vector<float>(static_cast<std::size_t>(count), 0.1F));
  };
  std::vector<ValueId> inputs{in, t.constant("W", tenths({1, 9, 2})),
                              t.constant("R", tenths({1, 9, 3})), kAbsent};
  if (as_input) inputs.push_back(t.input("lengths", {1}, ElementType::kInt32));
  if (lengths) {
    const auto count = static_cast<std::int64_t>(lengths->size());
    inputs.push_back(t.constant("lengths", Array::of(ir::Shape{count}, *lengths)));
  }
  ir::Attribute order;
  order.name = "layout";
  order.kind = ir::Attribute::Kind::kInteger;
  order.integer = layout;
  t.node("y", "GRU", inputs, {order});
  t.graph.values.push_back({"last", {}});
  t.graph.nodes.back().outputs.push_back(static_cast<ValueId>(t.graph.values.size() - 1));
  t.output(t.graph.nodes.back().outputs[0]);
  t.output(t.graph.nodes.back().outputs[1]);
  return t;
}

std::vector<std::string> operators_of(const Graph& graph) {
  std::vector<std::string> out;
  for (const Node& node : graph.nodes) out.push_back(node.op);
  return out;
}

// The same bits before and behind plain_sequences(); returns the operators behind.
std::vector<std::string> made_plain(TestGraph t, const Array& x) {
  const auto before = evaluate(t.graph, {{x}}).value();
  plain_sequences(t.graph, alike(infer(t.graph, {{x.forgotten()}}).value()));
  EXPECT_EQ(broken_rule(t.graph), "");
  const auto after = evaluate(t.graph, {{x}}).value();
  for (std::size_t k = 0; k < before.size(); ++k) EXPECT_TRUE(identical(after[k], before[k])) << k;
  return operators_of(t.graph);
}

TEST(Sequences, LengthsThatCutThemBecomeACutAndZeros) {
  const Array x = Array::of<float>({3, 1, 2}, {1, 2, 3, 4, 5, 6});
  using Names = std::vector<std::string>;
  EXPECT_EQ(made_plain(gru({3, 1, 2}, 0, {{2}}), x), (Names{"Slice", "GRU", "Pad"}));
  EXPECT_EQ(made_plain(gru({3, 1, 2}, 0, {{3}}), x), (Names{"GRU"}));
  TestGraph early = gru({3, 1, 2}, 0, {{1}});
  early.graph.opset = 9;
  EXPECT_EQ(made_plain(early, x), (Names{"Slice", "GRU", "Pad"}));
}

TEST(Sequences, BatchesBeforeStepsAreTransposed) {
  const Array x = Array::of<float>({2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  using Names = std::vector<std::string>;
  EXPECT_EQ(made_plain(gru({2, 3, 2}, 1, std::nullopt), x),
            (Names{"Transpose", "GRU", "Transpose", "Transpose"}));
  EXPECT_EQ(made_plain(gru({2, 3, 2}, 1, {{2, 2}}), x),
            (Names{"Transpose", "Slice", "GRU", "Pad", "Transpose", "Transpose"}));
  // Lengths of their own stay what they are.
  EXPECT_EQ(made_plain(gru({2, 3, 2}, 1, {{2, 3}}), x),
            (Names{"Transpose", "GRU", "Transpose", "Transpose"}));
}

TEST(Sequences, InputsOfLengthsThatNobodyFeedsLeave) {
  TestGraph t = gru({ir::kOpen, 1, 2}, 0, std::nullopt, true);
  EXPECT_TRUE(drop_length_inputs(t.graph, [](const std::string& name) {
                return name == "lengths";
              }).empty());
  EXPECT_EQ(t.graph.inputs.size(), 2u);
  const std::vector<StepAxis> axes =
      drop_length_inputs(t.graph, [](const std::string&) { return false; });
  ASSERT_EQ(axes.size(), 1u);
  EXPECT_EQ(axes[0], (StepAxis{0, 0}));
  ASSERT_EQ(t.graph.inputs.size(), 1u);
  EXPECT_EQ(t.graph.nodes[0].inputs[4], kAbsent);
  // Whoever else reads them keeps them.
  TestGraph read = gru({ir::kOpen, 1, 2}, 0, std::nullopt, true);
  read.output(read.node("n", "Identity", {read.graph.inputs[1].value}));
  EXPECT_TRUE(drop_length_inputs(read.graph, [](const std::string&) { return false; }).empty());
  EXPECT_EQ(read.graph.inputs.size(), 2u);
}

}  // namespace
}  // namespace soliton::ir
