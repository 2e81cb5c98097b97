// Convolutions over the tokens of a request: graphs after the pass that puts tokens first, divided in
// every way, and the pass itself against what it was given.
#include "partition/ir/passes/tokens_first.h"
#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

struct Causal {
  std::int64_t channels = 0, filters = 0, kernel = 3, dilation = 1;
  std::int64_t before() const { return (kernel - 1) * dilation; }
};

ir::ValueId conv(TestGraph& t, const std::string& name, ir::ValueId x, const Causal& it,
                 std::vector<std::int64_t> pads = {}) {
  if (pads.empty()) pads = {it.before(), 0};
  const ir::ValueId w = t.constant(
      name + ".W", random_floats({it.filters, it.channels, it.kernel}, name.size() + 7, 0.25));
  const ir::ValueId b = t.constant(name + ".B", random_floats({it.filters}, name.size() + 3));
  return t.node(name, "Conv", {x, w, b},
                {integers("dilations", {it.dilation}), integers("pads", std::move(pads))});
}

// Padded at both ends, and cut to the tokens that it read.
ir::ValueId cut_conv(TestGraph& t, const std::string& name, ir::ValueId x, const Causal& it) {
  const ir::ValueId y = conv(t, name, x, it, {it.before(), it.before()});
  return t.node(name + ".cut", "Slice",
                {y, t.constant(name + ".first", ir::Array::integers({0})),
                 t.constant(name + ".end", ir::Array::integers({-it.before()})),
                 t.constant(name + ".axis", ir::Array::integers({2}))});
}

// A block of a temporal convolutional network.
ir::ValueId block(TestGraph& t, const std::string& name, ir::ValueId x, const Causal& it) {
  const ir::ValueId a = t.node(name + ".relu", "Relu", {cut_conv(t, name + ".a", x, it)});
  const Causal second{it.filters, it.filters, it.kernel, it.dilation};
  const ir::ValueId b = t.node(name + ".relu2", "Relu", {cut_conv(t, name + ".bb", a, second)});
  const ir::ValueId beside =
      it.channels == it.filters ? x : conv(t, name + ".point", x, {it.channels, it.filters, 1});
  return t.node(name + ".out", "Relu", {t.node(name + ".sum", "Add", {b, beside})});
}

// Of fixed shapes, which it leaves.
ir::Graph tokens_first(ir::Graph graph) {
  std::vector<ir::Array> kinds;
  for (const ir::Input& input : graph.inputs) {
    ir::Shape shape = input.shape;
    std::ranges::replace(shape, ir::kOpen, std::int64_t{7});
    kinds.push_back(ir::Array::unknown(input.type, std::move(shape)));
  }
  ir::tokens_first(graph, ir::alike(*ir::infer(graph, kinds)));
  return graph;
}

// The same bits on CPUs, and on FPGAs all but the transpositions at the ends.
void expect_tokens(const TestGraph& t, std::size_t on_cpu, std::size_t wide) {
  const ir::Graph turned = tokens_first(t.graph);
  RegionRun run(turned);
  const std::vector<ir::Array> drawn = run.inputs().request(0);
  const auto before = *ir::evaluate(t.graph, drawn), after = *ir::evaluate(turned, drawn);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t k = 0; k < before.size(); ++k) EXPECT_TRUE(identical(before[k], after[k]));
  expect_on_fpga(run, turned.nodes.size() - on_cpu);
  for (std::size_t i = 0; i < turned.nodes.size(); ++i)
    if (!run.split.on_fpga[i]) {
      EXPECT_EQ(turned.nodes[i].op, "Transpose") << turned.nodes[i].name;
    }
  expect_same(run, wide);
}

TEST(Tokens, CausalConvolutions) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 12, 9});
  const ir::ValueId a = t.node("relu", "Relu", {conv(t, "a", x, {12, 20, 3, 1})});
  t.output(conv(t, "bb", a, {20, 17, 4, 2}));
  expect_tokens(t, 2, 4);
}

TEST(Tokens, BlocksOfATemporalNetwork) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 10, 11});
  ir::ValueId y = block(t, "one", x, {10, 20, 3, 1});
  y = block(t, "two", y, {20, 20, 3, 2});
  t.output(block(t, "three", y, {20, 20, 3, 4}));
  expect_tokens(t, 2, 4);
}

TEST(Tokens, ZerosInFrontByAnOperatorOfTheirOwn) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 12, 9});
  const auto padded = [&](const std::string& name, ir::ValueId from, std::int64_t before) {
    return t.node(name, "Pad",
                  {from, t.constant(name + ".pads", ir::Array::integers({0, 0, before, 0, 0, 0}))});
  };
  const ir::ValueId a =
      t.node("relu", "Relu", {conv(t, "a", padded("a.pad", x, 2), {12, 20, 3, 1}, {0, 0})});
  t.output(conv(t, "bb", padded("bb.pad", a, 6), {20, 17, 4, 2}, {0, 0}));
  expect_tokens(t, 2, 3);
}

// The model's own transpositions take the place of ours.
TEST(Tokens, BetweenDenseLayers) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 9, 12});
  const ir::ValueId channels =
      t.node("channels", "Transpose", {dense(t, "a", x, 12, 20)}, {integers("perm", {0, 2, 1})});
  const ir::ValueId y = conv(t, "conv", channels, {20, 17, 3, 1});
  const ir::ValueId tokens = t.node("tokens", "Transpose", {y}, {integers("perm", {0, 2, 1})});
  t.output(dense(t, "bb", tokens, 17, 10));
  expect_tokens(t, 0, 3);
}

TEST(Tokens, RequestsOfDifferentLengths) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 12, ir::kOpen});
  t.output(block(t, "one", x, {12, 16, 3, 2}));
  const std::vector<std::int64_t> lengths{4, 2, 7, 5, 7, 3};
  const RegionRun before(t.graph, true, lengths);
  ir::Graph turned = t.graph;
  ir::tokens_first(turned, before.shapes);
  RegionRun run(turned, true, lengths);
  expect_on_fpga(run, turned.nodes.size() - 2);
  const std::size_t layers = run.split.fpga.layers.size();
  const auto one = run.run(on_one(run), 1, 6);
  const auto two = run.run({stage(0, layers, {0, 1})}, 2, 6);
  for (std::uint32_t request = 0; request < 6; ++request) {
    EXPECT_LE(error_of(one[request][0], before.in_fp32(request)[0]), kTolerance) << request;
    EXPECT_TRUE(identical(one[request][0], two[request][0])) << request;
  }
}

// What reads tokens that come later, or is read by others as it is, stays as it was.
TEST(Tokens, OtherConvolutionsAreLeftAlone) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {1, 12, 9});
  const ir::ValueId same = conv(t, "same", x, {12, 12, 3, 1}, {1, 1});
  const ir::ValueId valid = conv(t, "valid", x, {12, 12, 3, 1}, {0, 0});
  const ir::ValueId cut = cut_conv(t, "cut", x, {12, 12, 3, 1});
  t.output(same);
  t.output(valid);
  t.output(cut);
  t.output(t.graph.nodes[2].outputs[0]);
  const ir::Graph turned = tokens_first(t.graph);
  EXPECT_EQ(turned.nodes.size(), t.graph.nodes.size());
  const RegionRun run(turned);
  EXPECT_EQ(std::ranges::count(run.split.on_fpga, true), 0);
  EXPECT_EQ(run.split.why[0], "pads what it slides over");
  EXPECT_EQ(run.split.why[1], "slides over an array that is no stream with its state");
}

}  // namespace
}  // namespace soliton::test
