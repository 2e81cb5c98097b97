#include <gtest/gtest.h>

#include <cstdio>

#include "node/npu/op_time.h"
#include "partition/cost/connections.h"
#include "partition/cost/cost_model.h"
#include "partition/search/plain_host.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

Topology topology_of(const std::string& kind, std::size_t fpgas,
                     const std::vector<std::string>& places = {}) {
  TopologySpec spec;
  spec.kind = kind;
  std::vector<PlacedNode> nodes;
  for (std::size_t i = 0; i < fpgas; ++i) {
    nodes.push_back({"fpga" + std::to_string(i), i < places.size() ? places[i] : ""});
  }
  nodes.push_back({"host0", ""});
  return build_topology(spec, nodes).value();
}

Prediction predicted(const Lowered& lowered, const Topology* topology, std::int64_t steps) {
  const PricedHost host = plain_host("host0", lowered.host, steps);
  CostRequest request;
  request.shards = lowered.shards;
  request.hosts = {&host, 1};
  if (topology == nullptr) return predict(request);
  const Routes routes(*topology);
  request.topology = topology;
  request.routes = &routes;
  return predict(request);
}

double step_us(const Lowered& lowered, const Topology* topology) {
  return in_us(predicted(lowered, topology, 40).last_output -
               predicted(lowered, topology, 20).last_output) /
         20;
}

TEST(Predict, BreakdownAddsUpToTheLatency) {
  LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 64, .input = 32});
  add_dense(model, 12, false);
  const Lowered three = lowered(model, pocket(16, 1000), 3, {stage(0, 2, 0, 3)});
  const Topology rack = topology_of("rack", 3);
  const Prediction p = predicted(three, &rack, 9);
  EXPECT_EQ(p.path.total(), p.latency);
  EXPECT_GT(p.path.network, Duration{});
  EXPECT_EQ(p.path.host, Duration{});
  EXPECT_EQ(p.path.queue, Duration{});
}

TEST(Predict, WithoutANetworkOnlyTheNpuTakesTime) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 2800, .with_weights = false});
  const Lowered one = lowered(model, bw_s10(), 1, {stage(0, 1, 0, 1)}, "ms-fp8", false);
  const Prediction p = predicted(one, nullptr, 750);
  EXPECT_NEAR(in_us(p.latency) / 1000, 1.9816, 0.0001);
  EXPECT_EQ(p.path.compute, p.latency);
  EXPECT_EQ(p.cut_bytes, 2 * 2 * 2800 * 750);
}

TEST(Predict, ABatchGoesThroughTogether) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 2800, .with_weights = false});
  Lowered one = lowered(model, bw_s10(), 1, {stage(0, 1, 0, 1)}, "ms-fp8", false);
  one.shards[0].batch = 8;
  const PricedHost host = plain_host("host0", one.host, 20, 8);
  CostRequest request;
  request.shards = one.shards;
  request.hosts = {&host, 1};
  request.batch = 8;
  const Prediction p = predict(request);
  EXPECT_EQ(p.latency, run_alone(one.shards[0], 20, 8));
  EXPECT_EQ(p.cut_bytes, 2 * 2 * 2800 * 20);  // for each request
  // On a network every message is 8 times as long, and no more messages are needed.
  const Topology rack = topology_of("rack", 1);
  const Routes routes(rack);
  request.topology = &rack;
  request.routes = &routes;
  const Prediction far = predict(request);
  EXPECT_EQ(far.messages, 2 * 20);
  EXPECT_GT(far.path.network, message_time(rack, routes, NodeId{1}, NodeId{0}, 8 * 2800, 1408));
  EXPECT_EQ(far.path.total(), far.latency);
}

// Steps of a row split at three distances: docs/timing.md. All nodes stand in one
// rack, each in a rack of its own in one pod, or each in a pod of its own.
struct SplitRow {
  Cell cell;
  std::int64_t hidden;
  std::size_t nodes;
  double step_us[3];
};

Topology apart(std::size_t level, std::size_t nodes) {
  std::vector<std::string> places;
  for (std::size_t i = 0; i < nodes; ++i)
    places.push_back("pod" + std::to_string(level == 2 ? i : 0) + "/rack" +
                     std::to_string(level == 1 ? i : 0));
  return topology_of("datacenter", nodes, places);
}

// The page takes inputs as known ahead and counts bytes on the line without headers. A narrow input
// keeps the host's line out of the way (the products of the input side are not on the critical
// path); packets of 1408 bytes add 7 % to bytes, which is what the steps with most bytes are over.
TEST(Predict, RowSplitStepsAreThoseOfTheDesignPage) {
  for (const SplitRow& row : {SplitRow{Cell::kGru, 2800, 2, {6.7, 11.5, 22.5}},
                              {Cell::kGru, 4000, 2, {7.1, 12.0, 23.0}},
                              {Cell::kGru, 5600, 5, {9.3, 14.1, 25.1}},
                              {Cell::kLstm, 4800, 4, {5.7, 8.1, 13.6}}}) {
    const LayerGraph model =
        rnn({.cell = row.cell, .hidden = row.hidden, .input = 400, .with_weights = false});
    const Lowered split =
        lowered(model, bw_s10(), row.nodes, {stage(0, 1, 0, row.nodes)}, "ms-fp8", false);
    ASSERT_EQ(faults(split.shards), "");
    for (std::size_t level = 0; level < 3; ++level) {
      const Topology topology = apart(level, row.nodes);
      const double step = step_us(split, &topology);
      std::printf("%s %lld over %zu, level %zu: %.2f us a step, page %.1f (%+.1f %%)\n",
                  cell_name(row.cell), static_cast<long long>(row.hidden), row.nodes, level, step,
                  row.step_us[level], 100 * (step / row.step_us[level] - 1));
      EXPECT_NEAR(step, row.step_us[level], 0.04 * row.step_us[level]);
    }
  }
}

// docs/planner.md: 267 us, to which come the start of four programs and
// the host's two hops, against 6.9 times that.
TEST(Predict, AWavefrontOfLayersBeatsRowsOfEveryLayer) {
  const LayerGraph model =
      rnn({.cell = Cell::kGru, .hidden = 2048, .layers = 4, .with_weights = false});
  const Topology rack = topology_of("rack", 4);
  const Lowered wave =
      lowered(model, bw_s10(), 4,
              {stage(0, 1, 0, 1), stage(1, 2, 1, 1), stage(2, 3, 2, 1), stage(3, 4, 3, 1)},
              "ms-fp8", false);
  const Lowered rows = lowered(model, bw_s10(), 4, {stage(0, 4, 0, 4)}, "ms-fp8", false);
  const double wave_us = in_us(predicted(wave, &rack, 100).latency);
  EXPECT_NEAR(wave_us, 267 + 4 * 654 / 250.0 + 2 * (1.44 + 0.82), 0.02 * 282);
  EXPECT_GT(in_us(predicted(rows, &rack, 100).latency) / wave_us, 6);
}

// Every step a slice of the state goes to three fellows and to the host, each in three packets.
TEST(Predict, ExchangesGoBeforeReplies) {
  const LayerGraph model = rnn({.cell = Cell::kGru,
                                .hidden = 6400,
                                .input = 400,
                                .reset_after = true,
                                .with_weights = false});
  NpuDevice device = bw_s10();
  device.matrix_rf_tiles = 2'000;
  device.tile_engines = 60;
  const Lowered split = lowered(model, device, 4, {stage(0, 1, 0, 4)}, "ms-fp8", false);
  const Topology rack = topology_of("rack", 4);
  const Routes routes(rack);
  const PricedHost host = plain_host("host0", split.host, 40);
  CostRequest request;
  request.shards = split.shards;
  request.hosts = {&host, 1};
  request.topology = &rack;
  request.routes = &routes;
  const Duration first = predict(request).latency;
  LtlOptions in_turn;
  in_turn.weights[kExchangeChannel] = in_turn.weights[kHostChannel] = 2;
  request.ltl = &in_turn;
  const Duration interleaved = predict(request).latency;
  // A slice of 1600 values is 3.2 kB: 0.7 us of the port of whoever sends it.
  EXPECT_GT(interleaved - first, 40 * nanoseconds(400));
  EXPECT_LT(interleaved - first, 40 * nanoseconds(750));
}

TEST(Connections, DevicesTalkOnOneChannelAndWithTheHostOnAnother) {
  Shard a, b;
  a.node = "a";
  b.node = "b";
  a.out_ports = {{"y", 1, {{"a", 0}, {"b", 0}, {"host", 0}}}};
  HostPorts host;
  host.sends = {{.host = "host", .elements = 1, .destinations = {{"b", 1}}}};
  const std::vector<Shard> shards{a, b};
  const PricedHost priced = plain_host("host", host, 1);
  const auto pairs =
      talking_pairs(shards, {&priced, 1}, [](const std::string& name) -> std::uint32_t {
        return name == "a" ? 2 : name == "b" ? 1 : 0;
      });
  EXPECT_EQ(pairs, (std::set<NodePair>{{0, 1}, {0, 2}, {1, 2}}));
  EXPECT_EQ(channel_of({0, 1}, {0}), kHostChannel);
  EXPECT_EQ(channel_of({1, 2}, {0}), kExchangeChannel);
  EXPECT_EQ(before_replies({}).weights[kExchangeChannel], 255);
  LtlOptions chosen;
  chosen.weights[kHostChannel] = 3;
  EXPECT_EQ(before_replies(chosen).weights, chosen.weights);
}

TEST(Predict, ThePortOfTheReceiverIsShared) {
  // Two producers' slices of 4000 elements reach one consumer: 16000 bytes over one 40 Gb/s port
  // are 3.2 us a step.
  LayerGraph model =
      rnn({.cell = Cell::kLstm, .hidden = 8000, .input = 400, .with_weights = false});
  add_dense(model, 400, true);
  NpuDevice device = bw_s10();
  device.matrix_rf_tiles = 10'000;
  device.tile_engines = 600;
  const Lowered cut =
      lowered(model, device, 3, {stage(0, 1, 0, 2), stage(1, 2, 2, 1)}, "ms-fp8", false);
  const Topology rack = topology_of("rack", 3);
  const Prediction p = predicted(cut, &rack, 20);
  EXPECT_EQ(p.received_bytes[2], 20 * 16000);
  EXPECT_GT(step_us(cut, &rack), 3.2);
}

}  // namespace
}  // namespace soliton::test
