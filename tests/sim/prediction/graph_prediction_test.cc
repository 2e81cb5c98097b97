// A graph over CPU hosts and FPGAs takes in a run what the cost model says, to the picosecond.
#include <gtest/gtest.h>

#include "cluster/run/graph_predict.h"
#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"
#include "node/cpu/cpu_spec.h"
#include "node/roles/roles.h"
#include "node/shell/node.h"
#include "partition/cost/connections.h"
#include "partition/cost/paths.h"
#include "partition/ir/array_bytes.h"
#include "protocol/tensor/half.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

using test::TestGraph;

const std::vector<std::string> kNames = {"a", "b", "fpga0", "fpga1"};
constexpr std::int64_t kTokens = 3;
constexpr std::int64_t kWidth = 4;
constexpr std::uint32_t kRequests = 4;

// y = x + s for each token, where s is a vector that the request brings to port 1; its last y is
// the s of the next request. Or y = x + 1.
Shard adder(const std::string& node, bool state, std::vector<OutPort::Destination> to) {
  Shard shard;
  shard.node = node;
  shard.device.native_dim = 4;
  shard.device.tile_engines = 1;
  shard.device.lanes = 4;
  shard.device.formats.push_back({NumberFormat{.name = "ms-fp8"}, 1});
  shard.format = shard.device.formats[0].format;
  shard.vectors.push_back(
      {"one", Memory::kAddSubVrf0, 0, std::vector<Half>(kWidth, to_half(1.0f))});
  if (state)
    shard.program.chains.push_back(
        {"state",
         1,
         1,
         {{Opcode::kVRd, Memory::kNetQ, 1}, {Opcode::kVWr, Memory::kAddSubVrf0, 0}}});
  shard.program.chains.push_back({"add",
                                  1,
                                  1,
                                  {{Opcode::kVRd, Memory::kNetQ, 0},
                                   {Opcode::kVvAdd, Memory::kAddSubVrf0, 0},
                                   {Opcode::kVWr, Memory::kNetQ, 0}}});
  if (state) shard.program.segments.push_back({0, 1, 1, 0});
  const std::uint32_t first = state ? 1 : 0;
  shard.program.segments.push_back({first, first + 1, 0, 1});
  shard.in_ports.push_back({"x", kWidth, false});
  if (state) shard.in_ports.push_back({"s", kWidth, false});
  shard.out_ports.push_back({"y", kWidth, std::move(to)});
  return shard;
}

CpuPart part_of(const std::string& op, std::uint16_t first_port, std::vector<PartPort> to) {
  TestGraph t;
  t.output(t.node(op, op, {t.input("x", {kTokens, kWidth})}));
  return {op, t.graph, first_port, {std::move(to)}, {}};
}

// Host a: relu(x), which goes to both FPGAs. fpga0 adds its state and sends to host b, fpga1 adds
// one and sends to host a. Host b: -y, which goes to host a as an array, and its last token back to
// fpga0 as the next request's state. Host a: an answer of each.
struct World {
  PlacedGraph placed;
  std::vector<Shard> shards;
  std::map<std::string, CpuDevice> devices = {{"a", {}}, {"b", {}}};
  GraphClients clients;

  World() {
    const StreamCut all{kTokens, 0, kWidth, false, kTokens};
    const StreamCut last{1, (kTokens - 1) * kWidth, kWidth, false, kTokens};
    HostParts a{"a", {}, {}}, b{"b", {}, {}};
    a.parts.push_back(part_of("Relu", 0, {{"fpga0", 0, false, all}, {"fpga1", 0, false, all}}));
    a.parts.push_back(part_of("Abs", 1, {{"a", 3}}));
    a.streams.push_back({2, {{0, kWidth, false}}, {kTokens, kWidth}, kTokens, {{"a", 1}}});
    b.parts.push_back(part_of("Neg", 0, {{"a", 4}, {"fpga0", 1, true, last}}));
    b.streams.push_back({1, {{0, kWidth, false}}, {kTokens, kWidth}, kTokens, {{"b", 0}}});
    placed.hosts = {a, b};
    placed.sends = {{{"a", 0}}};
    placed.initial.emplace_back(
        test::floats({1, 2, 3, 4}),
        std::vector<PartPort>{{"fpga0", 1, false, StreamCut{1, 0, kWidth, false, kTokens}}});
    placed.first_reply = 3;
    placed.fpgas.readers = {{0, "b", {{"b", 0}}}, {1, "a", {{"a", 1}}}};
    shards.push_back(adder("fpga0", true, {{"b", 1}}));
    shards.push_back(adder("fpga1", false, {{"a", 2}}));
    clients.workload.requests = kRequests;
    clients.inputs.given = {
        {ir::Array::of<float>({kTokens, kWidth}, {1, -2, 3, 4, 5, 6, -7, 8, 9, 10, 11, 12})}};
    clients.copies[0].sends = placed.sends;
    clients.copies[0].initial = placed.initial;
    clients.copies[0].first_port = placed.first_reply;
    clients.replies = 2;
  }

  Topology topology() const {
    TopologySpec spec;
    spec.kind = "rack";
    std::vector<PlacedNode> nodes;
    for (const std::string& name : kNames) nodes.push_back({name, ""});
    return build_topology(spec, nodes).value();
  }
};

RoleSpec role_of(const World& world, const std::string& node) {
  for (const Shard& shard : world.shards)
    if (shard.node == node) return {kNpuRole, shard};
  CpuSpec spec;
  for (const HostParts& host : world.placed.hosts)
    if (host.node == node) {
      spec.parts = host.parts;
      spec.streams = host.streams;
    }
  if (node == "a") spec.clients = {world.clients};
  return {kCpuRole, spec};
}

std::vector<HostRecord> run(const World& world, const std::vector<PricedHost>& hosts,
                            std::uint32_t functional_every) {
  const Topology topology = world.topology();
  const Routes routes(topology);
  const std::set<NodePair> pairs = talking_pairs(world.shards, hosts, [](const std::string& name) {
    return static_cast<std::uint32_t>(std::ranges::find(kNames, name) - kNames.begin());
  });
  const PathTimes paths({}, topology, routes, {}, pairs);
  std::vector<Deployment> deployments(kNames.size());
  for (const auto& [a, b] : pairs) {
    std::vector<LtlConnection>& of_a = deployments[a].connections;
    std::vector<LtlConnection>& of_b = deployments[b].connections;
    const auto row_a = static_cast<std::uint16_t>(of_a.size());
    const auto row_b = static_cast<std::uint16_t>(of_b.size());
    const std::uint8_t channel = channel_of({a, b}, {0, 1});
    of_a.push_back({NodeId{b}, row_b, 0, channel, paths.between(NodeId{a}, NodeId{b})});
    of_b.push_back({NodeId{a}, row_a, 0, channel, paths.between(NodeId{b}, NodeId{a})});
  }
  std::vector<std::unique_ptr<Node>> machines;
  std::vector<std::unique_ptr<LocalNode>> local;
  std::vector<EngineNode*> nodes;
  for (std::uint32_t i = 0; i < kNames.size(); ++i) {
    Deployment& deployment = deployments[i];
    deployment.node = kNames[i];
    deployment.id = NodeId{i};
    deployment.functional_every = functional_every;
    deployment.ltl = before_replies({});
    deployment.ltl.congestion.enabled = false;
    deployment.node_names = std::make_shared<const std::vector<std::string>>(kNames);
    deployment.role = role_of(world, kNames[i]);
    machines.push_back(std::make_unique<Node>(deployment));
    machines.back()->start(kRunStart);
    local.push_back(std::make_unique<LocalNode>(*machines.back(), NodeId{i}));
    nodes.push_back(local.back().get());
  }
  const FaultPlan no_faults{1, {}};
  Network network(topology, routes, no_faults);
  const Result<EngineReport> report = Engine(network, nodes).run();
  EXPECT_TRUE(report) << report.error().message;
  Records records;
  machines[0]->role()->hand_over(records);
  return std::move(records.requests);
}

Result<PartsRun> parts_of(const World& world) {
  const ir::Array made = ir::Array::unknown(ir::ElementType::kFloat32, {kTokens, kWidth});
  return run_parts({.placed = &world.placed,
                    .devices = world.devices,
                    .inputs = world.clients.inputs.given[0],
                    .results = {made, made}});
}

std::vector<PricedHost> price(const World& world, const PartsRun& parts) {
  return price_graph({.placed = &world.placed,
                      .parts = &parts,
                      .clients = "a",
                      .outputs = 2,
                      .inputs = world.clients.inputs.given[0]});
}

Prediction predicted(const World& world, const std::vector<PricedHost>& hosts,
                     const Topology& topology, const Routes& routes, std::uint32_t before) {
  CostRequest request;
  request.shards = world.shards;
  request.hosts = hosts;
  request.topology = &topology;
  request.routes = &routes;
  request.before = before;
  return predict(request);
}

TEST(GraphPrediction, EqualsTheRunOverHostsAndFpgasWithStateBetweenThem) {
  const World world;
  const std::vector<PricedHost> hosts = price(world, parts_of(world).value());
  const Topology topology = world.topology();
  const Routes routes(topology);
  const std::vector<HostRecord> records = run(world, hosts, 1);
  ASSERT_EQ(records.size(), kRequests);
  for (std::uint32_t r = 0; r < kRequests; ++r) {
    const Prediction it = predicted(world, hosts, topology, routes, r);
    EXPECT_EQ(it.latency, records[r].completed - records[r].sent) << r;
    EXPECT_EQ(it.path.total(), it.latency);
    EXPECT_EQ(it.path.compute, records[r].path.compute);
    EXPECT_EQ(records[r].path.total(), records[r].completed - records[r].sent);
    EXPECT_GE(records[r].path.network, Duration{});
  }
  const std::vector<HostRecord> times = run(world, hosts, 0);
  ASSERT_EQ(times.size(), kRequests);
  for (std::uint32_t r = 0; r < kRequests; ++r)
    EXPECT_EQ(times[r].completed, records[r].completed) << r;
}

// relu(x) ends with 9 10 11 12, to which fpga0 adds its state, first 1 2 3 4; host b negates, and so
// it does with the next state.
TEST(GraphPrediction, StateIsCarriedThroughAnFpgaAndAHost) {
  const World world;
  const std::vector<HostRecord> records = run(world, price(world, parts_of(world).value()), 1);
  ASSERT_EQ(records.size(), kRequests);
  const auto last_of = [&](std::uint32_t request) {
    Payload bytes;
    bytes.bytes = records[request].arrays;
    const std::vector<ir::Array> arrays = ir::arrays_of(bytes).value();
    EXPECT_EQ(arrays[0].as<float>()[11], 13);  // |12 + 1|
    return arrays[1].as<float>()[11];
  };
  EXPECT_EQ(last_of(0), -16);
  EXPECT_EQ(last_of(1), 4);
  EXPECT_EQ(last_of(2), -16);
}

TEST(GraphPrediction, CountsWhatCrossesTheNetwork) {
  const World world;
  const PartsRun parts = parts_of(world).value();
  const std::vector<PricedHost> hosts = price(world, parts);
  const Topology topology = world.topology();
  const Routes routes(topology);
  const Prediction it = predicted(world, hosts, topology, routes, 1);
  // Streams of fp16: two to FPGAs, two from them, one token of state; and an array of fp32.
  EXPECT_EQ(it.messages, 4 * kTokens + 1 + 1);
  EXPECT_EQ(it.cut_bytes, (4 * kTokens + 1) * 2 * kWidth + 4 * kTokens * kWidth);
  EXPECT_EQ(it.received_bytes[0], (kTokens + 1) * 2 * kWidth);
  EXPECT_EQ(it.received_bytes[1], kTokens * 2 * kWidth);
  const Duration each = nanoseconds(200) + transmit_time(Bytes{2 * 48}, BitRate{160'000'000'000});
  EXPECT_EQ(parts.hosts.at("a").busy, 2 * each);
  EXPECT_EQ(parts.hosts.at("b").busy, each);
}

TEST(GraphPrediction, AnOperatorThatCannotRunIsNamed) {
  World world;
  world.clients.inputs.given = {{ir::Array::of<ir::Bool>({1}, {ir::Bool(true)})}};
  const Result<PartsRun> parts = parts_of(world);
  ASSERT_FALSE(parts);
  EXPECT_NE(parts.error().message.find("node \"Relu\" (Relu)"), std::string::npos)
      << parts.error().message;
}

TEST(GraphPrediction, APartWithoutInputsIsRefused) {
  World world;
  world.placed.fpgas.readers.pop_back();
  const Result<PartsRun> parts = parts_of(world);
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().message, "a part of the model never gets its inputs");
}

}  // namespace
}  // namespace soliton
