// Small networks for tests of the simulated network.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fabric/faults/outages.h"
#include "fabric/sim/network.h"

namespace soliton {

inline Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes) {
  auto topology = build_topology(spec, nodes);
  EXPECT_TRUE(topology) << topology.error().text();
  return std::move(*topology);
}

inline Topology rack(int nodes) {
  std::vector<PlacedNode> placed;
  for (int i = 0; i < nodes; ++i) placed.push_back({"fpga" + std::to_string(i), ""});
  return build({.name = "rack", .kind = "rack", .options = {{"hosts_per_rack", {256}}}}, placed);
}

struct World {
  explicit World(Topology t, FaultPlan plan = {}, std::size_t traced = 0)
      : topology(std::move(t)),
        routes(topology, outages_of(plan)),
        trace(traced),
        network(topology, routes, plan, &trace) {}

  void send(std::uint32_t from, std::uint32_t to, Instant at, std::uint64_t bytes) {
    network.send({{.source = NodeId{from},
                   .destination = NodeId{to},
                   .payload = {.bytes = {}, .ghost = bytes}},
                  at,
                  ordinal++});
  }
  // Runs until nothing is in flight, even if receivers might answer.
  std::vector<Frame> drain() {
    std::vector<Frame> frames;
    while (network.next_event() != kNever) network.advance(kNever, frames);
    return frames;
  }

  Topology topology;
  Routes routes;
  EarliestEvents trace;
  Network network;
  std::uint64_t ordinal = 0;
};

inline Instant at_ns(std::int64_t ns) { return kRunStart + nanoseconds(ns); }
inline Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

}  // namespace soliton
