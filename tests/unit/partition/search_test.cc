#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/partition/cluster.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const PartitionRequest& request) {
  const auto plan = partition_model(request);
  if (plan) return "a plan";
  std::string text = plan.error().text();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

ErrorCode code_of(const PartitionRequest& request) {
  return partition_model(request).error().errors.at(0).code;
}

// 20 tiles of 64 x 64 in ms-fp9.
NpuDevice quickstart_device() {
  NpuDevice device = pocket(64, 20);
  std::swap(device.formats[0], device.formats[1]);
  return device;
}

LayerGraph language_gru() {
  LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 256, .input = 64});
  add_dense(model, 12, false);
  return model;
}

TEST(Search, AModelThatFitsStaysOnOneNode) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 1024, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 100;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.nodes_used, 1);
  EXPECT_EQ(plan.one_device, "fits one device");
  EXPECT_EQ(plan.certificate.plan_class, "contiguous");
  EXPECT_LE(plan.certificate.lower_bound, plan.certificate.value);
  EXPECT_EQ(plan.certificate.value, plan.predicted_latency);
  EXPECT_EQ(plan.predicted_path.total(), plan.predicted_latency);
}

// One tile row cannot be divided by rows.
TEST(Search, ColumnsDivideWhatRowsCannot) {
  LayerGraph model = no_layers(64 * 30);
  add_dense(model, 12, true);
  Cluster cluster(model, quickstart_device(), 4);
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.certificate.verdict, "optimal");
  ASSERT_EQ(plan.nodes_used, 2);
  EXPECT_TRUE(plan.stages.at(0).option.split_columns);
  EXPECT_THAT(plan.placements[1].holds, ElementsAre("columns 960-1919 of dense0"));
}

// The sums of 64 rows on their way over nodes are less than the vector of 1,280 to each of them.
TEST(Search, BehindAWideLayerColumnsAreFasterThanRows) {
  LayerGraph model = no_layers(64);
  add_dense(model, 64 * 20, true);
  add_dense(model, 64, true);
  Cluster cluster(model, quickstart_device(), 4);
  cluster.request.min_nodes = 4;
  cluster.request.constraints.joined = {false, true};
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.certificate.verdict, "optimal");
  ASSERT_EQ(plan.stages.size(), 1U);
  EXPECT_TRUE(plan.stages[0].option.split_columns);
  EXPECT_THAT(plan.placements[3].holds,
              ElementsAre("rows 960-1279 of dense0", "columns 960-1279 of dense1"));
}

// docs/planner.md.
TEST(Search, StackedLayersGoOnePerNode) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 2048, .layers = 4, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 100;
  const Plan plan = partition_model(cluster.request).value();
  ASSERT_EQ(plan.nodes_used, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_THAT(plan.placements[i].holds, ElementsAre("gru" + std::to_string(i)));
    EXPECT_TRUE(check_shard(plan.shards[i]).empty());
  }
  EXPECT_NEAR(in_us(plan.predicted_latency), 282, 6);
  // The additive model and the whole one agree closely on such a pipeline.
  EXPECT_GT(in_us(plan.certificate.lower_bound), 0.98 * in_us(plan.certificate.value));
}

TEST(Search, QuickstartModelIsSplitByRowsOverFourSmallDevices) {
  const LayerGraph model = language_gru();
  Cluster cluster(model, quickstart_device(), 4);
  cluster.request.precision = "ms-fp9";
  cluster.request.steps = 12;
  cluster.request.with_weights = true;
  const Plan plan = partition_model(cluster.request).value();
  ASSERT_EQ(plan.nodes_used, 4);
  EXPECT_THAT(plan.placements[0].holds, ElementsAre("rows 0-63 of gru0"));
  EXPECT_THAT(plan.placements[3].holds, ElementsAre("rows 192-255 of gru0", "dense1"));
  EXPECT_THAT(plan.one_device, HasSubstr("one device would need "));
  EXPECT_THAT(plan.one_device, HasSubstr(" more memory than it has"));

  const Plan whole = unsharded(model, quickstart_device(), "ms-fp9").value();
  const std::vector<Half> inputs = random_vectors(12 * 64, 1);
  EXPECT_EQ(run(plan.shards, plan.host_ports, inputs, 12),
            run(whole.shards, whole.host_ports, inputs, 12));
}

TEST(Search, DirectionsGetTheirOwnNodes) {
  const LayerGraph model =
      rnn({.cell = Cell::kLstm, .hidden = 1500, .bidirectional = true, .with_weights = false});
  Cluster cluster(model, bw_s10(), 2);
  cluster.request.steps = 50;
  const Plan two = partition_model(cluster.request).value();
  ASSERT_EQ(two.nodes_used, 2);
  EXPECT_THAT(two.placements[0].holds, ElementsAre("lstm0 forward"));
  EXPECT_THAT(two.placements[1].holds, ElementsAre("lstm0 reverse"));
  cluster.request.max_nodes = 1;
  const Plan one = partition_model(cluster.request).value();
  EXPECT_EQ(one.nodes_used, 1);
  // docs/planner.md: half the time, apart from what a request costs once.
  EXPECT_NEAR(in_us(one.predicted_latency) / in_us(two.predicted_latency), 2.0, 0.1);
}

TEST(Search, NodeLimitsAreKept) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 2400, .layers = 2, .with_weights = false});
  Cluster cluster(model, bw_s10(), 6);
  cluster.request.steps = 20;
  for (const std::int64_t nodes : {2, 3, 4, 6}) {
    cluster.request.min_nodes = cluster.request.max_nodes = nodes;
    EXPECT_EQ(partition_model(cluster.request).value().nodes_used, nodes);
  }
  cluster.request.min_nodes = 1;
  cluster.request.max_nodes = 0;
  cluster.request.objective = Objective::kNodes;
  EXPECT_EQ(partition_model(cluster.request).value().nodes_used, 2);
}

TEST(Search, ThroughputShortensTheLongestStage) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 1200, .layers = 4, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 30;
  cluster.request.max_nodes = 2;
  cluster.request.min_nodes = 2;
  cluster.request.objective = Objective::kThroughput;
  const Plan two = partition_model(cluster.request).value();
  EXPECT_EQ(two.placements[0].holds.size(), 2u);
  EXPECT_EQ(two.placements[1].holds.size(), 2u);
  EXPECT_EQ(two.certificate.value, two.predicted_interval);
}

TEST(Search, NodesOfTheHostsRackComeFirst) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 2000, .layers = 2, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4, "datacenter",
                  {"pod0/rack1", "pod0/rack0", "pod0/rack1", "pod0/rack0", "pod0/rack0"});
  cluster.request.steps = 20;
  cluster.request.max_nodes = 2;
  cluster.request.min_nodes = 2;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.placements[0].node, "fpga1");
  EXPECT_EQ(plan.placements[1].node, "fpga3");
  EXPECT_EQ(plan.placements[1].place, "pod0/rack0");
}

TEST(Search, ADeviceWithoutTheFunctionsOfALayerIsRefusedByName) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 64});
  Cluster cluster(model, pocket(16, 96), 2);
  cluster.request.nodes[1].device.npu.functions = {NpuFunction::kTanh, NpuFunction::kAdd};
  EXPECT_THAT(error_of(cluster.request),
              HasSubstr("fpga1: device pocket does not declare sigmoid, subtract, multiply, which "
                        "gru0 needs; its functions: tanh, add"));
}

TEST(Search, MixedDevicesArePlannedInAnyOrderButNeedOneNativeDimension) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 64, .layers = 2});
  Cluster cluster(model, pocket(16, 96), 2);
  NpuDevice larger = pocket(16, 200);
  larger.name = "roomy";
  cluster.request.nodes[1].device.npu = larger;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.certificate.plan_class, "contiguous");
  EXPECT_EQ(plan.certificate.verdict, "optimal");
  cluster.request.nodes[1].device.npu = pocket(32, 200);
  EXPECT_THAT(error_of(cluster.request),
              HasSubstr("native dimensions differ: fpga0 has 16, fpga1 has 32"));
}

TEST(Search, SaysHowManyBytesAreShortAndHowManyNodesWouldDo) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 2801, .with_weights = false});
  Cluster cluster(model, bw_s10(), 1);
  cluster.request.precision = "ms-fp8";
  // 384 tiles of 482,000 bits against 306; a second device is enough.
  EXPECT_EQ(error_of(cluster.request),
            "model needs 23136000 bytes (22.1 MiB); cluster holds 18436500 bytes (17.6 MiB) on 1 "
            "usable nodes: "
            "4699500 bytes (4.5 MiB) short; add 1 node(s) of device bw-s10 or use a narrower "
            "number format");
  EXPECT_EQ(code_of(cluster.request), ErrorCode::kDoesNotFit);
  Cluster two(model, bw_s10(), 2);
  two.request.precision = "ms-fp8";
  EXPECT_EQ(partition_model(two.request).value().nodes_used, 2);
  two.request.max_nodes = 1;
  EXPECT_THAT(error_of(two.request), HasSubstr("on 1 usable nodes (max_nodes 1 of 2 usable): "));
}

// Rows over 3 need 4 of 10 tile rows, 320 tiles; with a side apart one node would hold 400.
TEST(Search, SaysWhenTheTotalFitsButNoPackingDoes) {
  const LayerGraph model = rnn({.cell = Cell::kLstm, .hidden = 4000, .with_weights = false});
  Cluster three(model, bw_s10(), 3);
  EXPECT_EQ(error_of(three.request),
            "total fits (87 %) but no packing exists on 3 nodes (proved); 4 nodes of device bw-s10 "
            "suffice");
  EXPECT_EQ(code_of(three.request), ErrorCode::kDoesNotFit);
  Cluster four(model, bw_s10(), 4);
  const Plan plan = partition_model(four.request).value();
  EXPECT_EQ(plan.nodes_used, 4);
  EXPECT_EQ(plan.placements[0].memory[0].used, 240);
}

// By the tiles of the two sides: rows over 4 need 336 tiles on the fullest node; the input side on
// 2 nodes and the recurrent side on 2 need 294.
TEST(Search, PutsTheTwoSidesOfALayerOnNodesOfTheirOwnWhereRowsAloneDoNotFit) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 5600, .reset_after = true, .with_weights = false});
  Cluster four(model, bw_s10(), 4);
  const Plan plan = partition_model(four.request).value();
  EXPECT_EQ(plan.nodes_used, 4);
  EXPECT_EQ(plan.placements[0].memory[0].used, 294);
  EXPECT_THAT(plan.placements[0].holds, testing::ElementsAre("rows 0-2799 of input side of gru0"));
  EXPECT_THAT(plan.placements[3].holds,
              testing::ElementsAre("rows 2800-5599 of recurrent side of gru0"));
}

// A vector of 21 tiles to each of 11 nodes would take the host's cable 38 us a step.
TEST(Search, ScattersAWideInput) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 8192, .reset_after = true, .with_weights = false});
  Cluster cluster(model, bw_s10(), 11);
  cluster.request.precision = "ms-fp8";
  cluster.request.steps = 40;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_LT(in_us(plan.predicted_latency) / 40, 9.5);
  EXPECT_THAT(fmt::format("{}", fmt::join(plan.explanation, "\n")),
              HasSubstr("gru0 on 11 nodes, slices of the input passed on"));
}

TEST(Search, SaysWhenNoNumberOfNodesIsEnough) {
  // One tile row of each gate: 3 x 2 x 8 tiles, or half of it on each side.
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 64, .with_weights = false});
  Cluster cluster(model, pocket(8, 23), 4);
  EXPECT_THAT(error_of(cluster.request), HasSubstr("no number of nodes is enough: gru0 on "));
  EXPECT_THAT(error_of(cluster.request), HasSubstr("needs 24 tiles"));
}

LayerGraph in_dram(LayerGraph model) {
  for (Layer& layer : model.layers) std::visit([](auto& it) { it.in_dram = true; }, layer);
  return model;
}

NpuDevice with_dram(NpuDevice device, Bytes dram) {
  device.dram = dram;
  device.dram_rate = BitRate{560'000'000'000};
  return device;
}

TEST(Search, WeightsInDramNeedNoMatrixRegistersButAWindow) {
  const LayerGraph model =
      in_dram(rnn({.cell = Cell::kGru, .hidden = 2816, .with_weights = false}));
  Cluster cluster(model, with_dram(bw_s10(), Bytes{std::int64_t{4} << 30}), 1);
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.nodes_used, 1);
  EXPECT_EQ(plan.placements[0].holds, std::vector<std::string>{"gru0 in DRAM"});
  EXPECT_EQ(plan.shards[0].window_tiles, 306u);
  EXPECT_EQ(plan.placements[0].memory.back().memory, "Dram");
  EXPECT_EQ(plan.placements[0].memory.back().used, 23'136'000);  // 6 * 64 tiles
  EXPECT_THAT(plan.explanation.back(),
              HasSubstr("fpga0 streams 23136000 bytes (22.1 MiB) of weights from DRAM through a "
                        "window of 306 tiles: 330.5 us a pass"));
  cluster.request.window = 49;
  EXPECT_EQ(partition_model(cluster.request).value().shards[0].window_tiles, 49u);
}

TEST(Search, OneLayerInDramLeavesTheOthersPinned) {
  LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 2000, .layers = 2, .with_weights = false});
  std::get<RecurrentLayer>(model.layers[1]).in_dram = true;
  Cluster cluster(model, with_dram(bw_s10(), Bytes{std::int64_t{4} << 30}), 1);
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.placements[0].holds, (std::vector<std::string>{"gru0", "gru1 in DRAM"}));
  EXPECT_EQ(plan.placements[0].memory[0].used, 150 + 150);
  EXPECT_EQ(plan.placements[0].memory.back().used, 9'037'500);  // 150 tiles
}

TEST(Search, WhatDoesNotFitDramOrWindowIsRefusedWithTheBytesShort) {
  const LayerGraph model =
      in_dram(rnn({.cell = Cell::kGru, .hidden = 2800, .with_weights = false}));
  Cluster small(model, with_dram(bw_s10(), Bytes{16'000'000}), 1);
  EXPECT_EQ(error_of(small.request),
            "fpga0: Dram of bw-s10 needs 17713500 bytes (16.9 MiB), but has 16000000 bytes "
            "(15.3 MiB): 1713500 bytes (1.6 MiB) short; the furthest is matrix "
            "\"gru0.Rn\"; 2 nodes of device bw-s10 suffice");
  EXPECT_EQ(code_of(small.request), ErrorCode::kDoesNotFit);
  Cluster two(model, with_dram(bw_s10(), Bytes{16'000'000}), 2);
  EXPECT_EQ(partition_model(two.request).value().nodes_used, 2);
  Cluster window(model, with_dram(bw_s10(), Bytes{64'000'000}), 1);
  window.request.window = 307;
  EXPECT_THAT(error_of(window.request), HasSubstr("(0 tiles of weights, 307 of window)"));
  EXPECT_EQ(code_of(window.request), ErrorCode::kDoesNotFit);
}

// 294 of 306 tiles are weights: 12 are left for lanes.
TEST(Search, LanesOfABatchNeedRoomBesidePinnedWeights) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 2800, .with_weights = false});
  Cluster cluster(model, bw_s10(), 1);
  cluster.request.batch = 8;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.batch, 8);
  EXPECT_EQ(plan.shards[0].batch, 8u);
  EXPECT_EQ(plan.placements[0].memory[0].used, 294 + lane_tiles(plan.shards[0]));
  cluster.request.batch = 16;
  EXPECT_THAT(error_of(cluster.request), HasSubstr("of lanes for a batch of 16)"));
  EXPECT_EQ(code_of(cluster.request), ErrorCode::kDoesNotFit);
}

TEST(Search, AStreamingDeviceHasRoomForALargeBatchAndTheRestIsItsWindow) {
  const LayerGraph model =
      in_dram(rnn({.cell = Cell::kGru, .hidden = 2800, .with_weights = false}));
  Cluster cluster(model, with_dram(bw_s10(), Bytes{std::int64_t{4} << 30}), 1);
  cluster.request.batch = 256;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.shards[0].window_tiles + lane_tiles(plan.shards[0]), 306);
  EXPECT_GT(plan.shards[0].window_tiles, 10u);
}

TEST(Search, RefusesClustersWithoutNodesOrHost) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 16, .with_weights = false});
  Cluster cluster(model, pocket(8, 100), 1);
  PartitionRequest request = cluster.request;
  request.nodes.erase(request.nodes.begin());
  EXPECT_THAT(error_of(request), HasSubstr("no usable node: 1 listed, 0 with an NPU"));
  request = cluster.request;
  request.nodes.pop_back();
  EXPECT_THAT(error_of(request), HasSubstr("no host: none of the 1 nodes"));
  EXPECT_EQ(code_of(request), ErrorCode::kInvalid);
  request = cluster.request;
  request.min_nodes = 2;
  EXPECT_THAT(error_of(request), HasSubstr("min_nodes 2 is more than the 1 nodes a plan may use"));
  request.min_nodes = 1;
  request.precision = "mxfp4";
  EXPECT_THAT(error_of(request), HasSubstr("has no number format mxfp4; it has ms-fp8"));
}

TEST(Search, CostsOfEqualLayersAreFoundOnce) {
  const LayerGraph model =
      rnn({.cell = Cell::kLstm, .hidden = 64, .layers = 40, .with_weights = false});
  NpuDevice device = pocket(16, 140);  // 128 tiles a layer
  Cluster cluster(model, device, 40, "datacenter");
  cluster.request.steps = 50;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_EQ(plan.nodes_used, 40);
  EXPECT_EQ(plan.certificate.verdict.substr(0, 7) == "optimal" ||
                plan.certificate.verdict.substr(0, 6) == "within",
            true);
}

// Fewest nodes that meet an SLA: more than hold the weights when those are too slow, and the best
// there is when none meets it.
TEST(Search, TheFewestNodesMeetTheSlaOrSayThatNoneDo) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 1200, .layers = 4, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 30;
  const Duration fastest = partition_model(cluster.request).value().predicted_latency;
  cluster.request.objective = Objective::kNodes;
  const Plan fewest = partition_model(cluster.request).value();
  EXPECT_EQ(fewest.nodes_used, 1);
  cluster.request.sla = fastest;
  const Plan fast = partition_model(cluster.request).value();
  EXPECT_EQ(fast.predicted_latency, fastest);
  EXPECT_GT(fast.nodes_used, fewest.nodes_used);
  EXPECT_EQ(fast.missed, "");
  cluster.request.sla = fastest - picoseconds(1);
  const Plan late = partition_model(cluster.request).value();
  EXPECT_EQ(late.predicted_latency, fastest);
  EXPECT_THAT(late.missed, HasSubstr("cannot be met: lower bound " + to_string(fastest)));
}

// The host's cable carries every input: at 1 Gb/s it is what a stream of requests waits for.
TEST(Search, NoThroughputIsAboveWhatTheHostsCableCarries) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 1024, .with_weights = false});
  TopologySpec spec;
  spec.kind = "explicit";
  Vertex middle;
  middle.name = "sw0";
  middle.is_switch = true;
  spec.explicit_switches = {middle};
  std::vector<PlacedNode> placed;
  for (const char* name : {"fpga0", "fpga1", "host0"}) {
    placed.push_back({name, ""});
    TopologySpec::NamedLink cable;
    cable.a = name;
    cable.b = "sw0";
    cable.link.latency = microseconds(1);
    cable.link.rate = BitRate{placed.size() == 3 ? 1'000'000'000 : 40'000'000'000};
    spec.explicit_links.push_back(cable);
  }
  const Topology topology = build_topology(spec, placed).value();
  const Routes routes(topology);
  PartitionRequest request;
  request.model = &model;
  request.topology = &topology;
  request.routes = &routes;
  request.nodes = {{"fpga0", {Device::Kind::kNpu, bw_s10(), {}}},
                   {"fpga1", {Device::Kind::kNpu, bw_s10(), {}}},
                   {"host0", {Device::Kind::kCpu, {}, {}}}};
  request.steps = 20;
  request.with_weights = false;
  request.objective = Objective::kThroughput;
  const Plan plan = partition_model(request).value();
  EXPECT_GE(plan.predicted_interval, transmit_time(Bytes{20 * 2 * 1024}, BitRate{1'000'000'000}));
  EXPECT_EQ(plan.certificate.verdict, "optimal");
}

TEST(Unsharded, HasMemoriesAsLargeAsNeeded) {
  const LayerGraph model = rnn({.cell = Cell::kLstm, .hidden = 200, .layers = 2});
  const NpuDevice device = pocket(16, 20);
  const Plan plan = unsharded(model, device, "msfp12").value();
  ASSERT_EQ(plan.shards.size(), 1u);
  const Shard& shard = plan.shards[0];
  EXPECT_EQ(shard.node, "unsharded");
  EXPECT_TRUE(check_shard(shard).empty());
  EXPECT_EQ(shard.matrices.size(), 16u);
  EXPECT_FALSE(shard.matrices[0].weights.mantissas.empty());
  EXPECT_FALSE(unsharded(model, device, "mxfp4").has_value());
}

// Requests of a run meet what is left of those before them; what is proved is proved without.
TEST(Certificate, IsTheSameWhateverTheRunIsPredictedToTake) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 300, .layers = 2, .input = 200});
  Cluster cluster(model, bw_s10(), 4);
  cluster.request.steps = 20;
  const auto alone = partition_model(cluster.request);
  cluster.request.seed = 7;
  cluster.request.before = 2;
  const auto in_run = partition_model(cluster.request);
  ASSERT_TRUE(alone && in_run);
  EXPECT_EQ(in_run->certificate.value, alone->certificate.value);
  EXPECT_EQ(in_run->certificate.lower_bound, alone->certificate.lower_bound);
  EXPECT_EQ(in_run->certificate.verdict, "optimal");
  EXPECT_EQ(in_run->certificate.lower_bound, in_run->certificate.value);
}

}  // namespace
}  // namespace soliton::test
