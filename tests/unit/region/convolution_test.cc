// Convolutions of streams: the tokens of earlier requests stay on FPGAs.
#include <map>

#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

// Of one layer: y = relu(conv(state | x)), and the state behind it.
struct StreamLayer {
  std::int64_t channels = 0, filters = 0, kernel = 8, dilation = 1;
  std::int64_t before() const { return (kernel - 1) * dilation; }
};

// Adds to graphs of streams what is the same in all of them.
struct StreamGraph : TestGraph {
  ir::ValueId joined = ir::kAbsent, next = ir::kAbsent;  // of the layer added last

  ir::ValueId layer(const std::string& name, ir::ValueId x, const StreamLayer& it,
                    bool kept = true) {
    const std::int64_t before = it.before();
    const ir::ValueId state = input(name + ".state", {1, it.channels, before});
    joined = node(name + ".joined", "Concat", {state, x}, {integer("axis", 2)});
    next = node(name + ".next", "Slice",
                {joined, constant(name + ".first", ir::Array::integers({1})),
                 constant(name + ".end", ir::Array::integers({before + 1})),
                 constant(name + ".axis", ir::Array::integers({2}))});
    if (kept)
      graph.states.push_back({state, next, random_floats({1, it.channels, before}, 1, 0.0)});
    const ir::ValueId w = constant(
        name + ".W", random_floats({it.filters, it.channels, it.kernel}, name.size() + 7, 0.2));
    const ir::ValueId b = constant(name + ".B", random_floats({it.filters}, name.size() + 3));
    return node(name + ".relu", "Relu",
                {node(name, "Conv", {joined, w, b}, {integers("dilations", {it.dilation})})});
  }
};

// The other way to write it: the state has a token more, of which the oldest is dropped before the
// join, and the join is the next state.
ir::ValueId layer_that_drops_first(StreamGraph& t, const std::string& name, ir::ValueId x,
                                   const StreamLayer& it) {
  const ir::ValueId state = t.input(name + ".state", {1, it.channels, it.kernel});
  const ir::ValueId front = t.node(name + ".front", "Slice",
                                   {state, t.constant(name + ".first", ir::Array::integers({1})),
                                    t.constant(name + ".end", ir::Array::integers({it.kernel})),
                                    t.constant(name + ".axis", ir::Array::integers({2}))});
  t.next = t.node(name + ".next", "Concat", {front, x}, {integer("axis", 2)});
  t.graph.states.push_back({state, t.next, random_floats({1, it.channels, it.kernel}, 1, 0.0)});
  const ir::ValueId w = t.constant(
      name + ".W", random_floats({it.filters, it.channels, it.kernel}, name.size() + 7, 0.2));
  return t.node(name, "Conv", {t.next, w});
}

constexpr std::uint32_t kRequests = 12;  // more than a kernel has taps

// Every request against the graph in fp32, whose states are handed on here; equal bits for every way to
// divide the layers.
void expect_stream(RegionRun& run, std::size_t wide) {
  const std::size_t layers = run.split.fpga.layers.size();
  ASSERT_GT(layers, 0u);
  const auto one = run.run(on_one(run), 1, kRequests);
  ASSERT_EQ(one.size(), kRequests);
  ir::Graph whole = run.graph;
  for (const ir::State& state : run.graph.states) whole.outputs.push_back(state.output);
  std::vector<ir::Array> states;
  for (const ir::State& state : run.graph.states) states.push_back(state.initial);
  for (std::uint32_t request = 0; request < kRequests; ++request) {
    std::vector<ir::Array> inputs = run.inputs().request(request);
    for (std::size_t s = 0; s < states.size(); ++s)
      for (std::size_t k = 0; k < inputs.size(); ++k)
        if (run.graph.inputs[k].value == run.graph.states[s].input) inputs[k] = states[s];
    const auto want = *ir::evaluate(whole, inputs);
    const std::size_t outputs = run.graph.outputs.size();
    for (std::size_t k = 0; k < outputs; ++k)
      EXPECT_LE(error_of(one[request][k], want[k]), kTolerance) << request << " output " << k;
    states.assign(want.begin() + static_cast<std::ptrdiff_t>(outputs), want.end());
  }
  const auto compare = [&](const std::vector<Stage>& stages, std::size_t fpgas) {
    const auto other = run.run(stages, fpgas, kRequests);
    ASSERT_EQ(other.size(), kRequests);
    for (std::uint32_t request = 0; request < kRequests; ++request)
      for (std::size_t k = 0; k < run.graph.outputs.size(); ++k)
        EXPECT_TRUE(identical(other[request][k], one[request][k]))
            << request << " output " << k << " on " << fpgas;
  };
  for (std::size_t fpgas = 2; fpgas <= wide; ++fpgas) {
    std::vector<std::size_t> nodes(fpgas);
    for (std::size_t i = 0; i < fpgas; ++i) nodes[i] = i;
    compare({stage(0, layers, nodes)}, fpgas);
  }
  std::vector<Stage> each;
  for (std::size_t layer = 0; layer < layers; ++layer)
    each.push_back(stage(layer, layer + 1, {layer}));
  if (layers > 1) compare(each, layers);
}

const StreamLayer kLayer{20, 20};

TEST(StreamConvolution, LayersWithResidualSumsKeepTheirState) {
  StreamGraph t;
  ir::ValueId x = t.input("x", {1, 20, 1});
  for (const char* name : {"a", "bb", "ccc"})
    x = t.node(std::string(name) + ".sum", "Add", {t.layer(name, x, kLayer), x});
  t.output(x);
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  EXPECT_EQ(run.split.sources, std::vector<ir::ValueId>{t.graph.inputs[0].value});
  EXPECT_EQ(run.split.fpga.layers.size(), 3u);
  expect_stream(run, 4);
}

TEST(StreamConvolution, OtherWidthsKernelsAndDilations) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 3, 1});
  const ir::ValueId a = t.layer("a", x, {3, 19, 2, 1});
  const ir::ValueId b = t.layer("bb", a, {19, 33, 3, 2});
  t.output(t.layer("ccc", b, {33, 8, 5, 3}));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_stream(run, 4);
}

TEST(StreamConvolution, DenseLayersBeforeAndBehind) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 20});
  const ir::ValueId shape = t.constant("shape", ir::Array::integers({1, 24, 1}));
  const ir::ValueId token = t.node("token", "Reshape", {dense(t, "dddd", x, 20, 24), shape});
  const ir::ValueId y = t.layer("a", token, {24, 17, 4, 1});
  const ir::ValueId flat = t.node("flat", "Flatten", {y}, {integer("axis", 1)});
  t.output(dense(t, "bb", flat, 17, 10));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_stream(run, 3);
}

TEST(StreamConvolution, TheOldestTokenIsDroppedBeforeTheJoin) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 12, 1});
  const ir::ValueId a = layer_that_drops_first(t, "a", x, {12, 20, 5});
  t.output(layer_that_drops_first(t, "bb", a, {20, 9, 3}));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_stream(run, 3);
  t.output(t.next);
  RegionRun answered(t.graph);
  expect_on_fpga(answered, t.graph.nodes.size() - 2);
  expect_stream(answered, 2);
}

TEST(StreamConvolution, OneTapIsAProduct) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 12, 1});
  const ir::ValueId w = t.constant("w", random_floats({20, 12, 1}, 7, 0.3));
  t.output(t.node("sum", "Add", {t.layer("a", x, {12, 20}), t.node("point", "Conv", {x, w})}));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_stream(run, 3);
}

// The state is an answer, too: the host makes it of the same tokens.
TEST(StreamConvolution, AStateThatOthersReadIsAlsoMadeOnTheCpu) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 20, 1});
  const ir::ValueId a = t.layer("a", x, kLayer);
  t.output(t.layer("bb", a, kLayer));
  t.output(t.next);
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size() - 2);
  expect_stream(run, 2);
}

TEST(StreamConvolution, StaysOnTheCpuWhereItIsNoStream) {
  struct Case {
    const char* why;
    std::function<void(StreamGraph&, ir::ValueId)> change;
  };
  const std::vector<Case> cases{
      {"has channels in groups",
       [](StreamGraph& t, ir::ValueId) {
         ir::Node& conv = t.graph.nodes[2];
         conv.attributes.push_back(integer("group", 2));
         conv.inputs[1] = t.constant("half", random_floats({20, 10, 8}, 3, 0.2));
       }},
      {"pads what it slides over",
       [](StreamGraph& t, ir::ValueId) {
         t.graph.nodes[2].attributes.push_back(integers("pads", {0, 1}));
       }},
      {"slides over an array that is no stream with its state",
       [](StreamGraph& t, ir::ValueId) {
         t.graph.nodes[2].inputs[1] = t.constant("short", random_floats({20, 20, 7}, 3, 0.2));
       }},
      {"slides over an array that is no stream with its state",
       [](StreamGraph& t, ir::ValueId) {
         t.graph.states[0].initial = random_floats({1, 20, 7}, 9);
       }},
      {"slides over an array that is no stream with its state",
       [](StreamGraph& t, ir::ValueId) {
         t.output(t.node("seen", "Abs", {t.graph.states[0].input}));
       }},
      {"slides over an array that is no stream with its state",
       [](StreamGraph& t, ir::ValueId) { t.graph.states.clear(); }},
  };
  for (const Case& it : cases) {
    StreamGraph t;
    const ir::ValueId x = t.input("x", {1, 20, 1});
    t.output(t.layer("a", x, kLayer));
    it.change(t, x);
    RegionRun run(t.graph);
    EXPECT_EQ(std::ranges::count(run.split.on_fpga, true), 0) << it.why;
    EXPECT_EQ(run.split.why[2], it.why);
  }
}

// Registers: the line of eight tokens, and no weights beside the eight taps' tiles.
TEST(StreamConvolution, IsChargedForItsLineAndItsTiles) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 20, 1});
  t.output(t.layer("a", x, kLayer));
  RegionRun run(t.graph);
  const auto& layer = std::get<DenseLayer>(run.split.fpga.layers.front());
  EXPECT_EQ(layer.input, 160);
  EXPECT_EQ(operations(run.split.fpga, 1), 2 * 160 * 20);
  LowerRequest request;
  request.model = &run.split.fpga;
  request.nodes = {{"fpga0", run.device}};
  request.stages = on_one(run);
  request.host = "host";
  const Result<Lowered> lowered = lower(request);
  ASSERT_TRUE(lowered);
  std::map<std::string, std::int64_t> used;
  for (const MemoryUse& use : memory_use(lowered->shards.front())) used[use.memory] = use.used;
  EXPECT_EQ(used["MatrixRf"], 3 * 3 * 8);
  EXPECT_EQ(used["InitialVrf"], 3 * 8);
}

// A kernel that reaches further back than the registers hold.
TEST(StreamConvolution, ALineThatDoesNotFitIsRefused) {
  StreamGraph t;
  const ir::ValueId x = t.input("x", {1, 20, 1});
  t.output(t.layer("a", x, kLayer));
  RegionRun run(t.graph);
  run.device.initial_vrf = 23;
  LowerRequest request;
  request.model = &run.split.fpga;
  request.nodes = {{"fpga0", run.device}};
  request.stages = on_one(run);
  request.host = "host";
  const Result<Lowered> lowered = lower(request);
  ASSERT_TRUE(lowered);
  const Diagnostics found = check_shard(lowered->shards.front());
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_EQ(found.errors[0].code, ErrorCode::kDoesNotFit);
  EXPECT_NE(found.errors[0].message.find("InitialVrf"), std::string::npos)
      << found.errors[0].message;
}

}  // namespace
}  // namespace soliton::test
