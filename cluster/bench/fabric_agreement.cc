#include "cluster/bench/fabric_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "fabric/sim/network.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// On the line both send 1,506 bytes: ours with 66 of frame, ns-3's with headers of UDP, IP and PPP.
constexpr std::int64_t kOurBytes = 1'440;
constexpr std::int64_t kTheirPayload = 1'476;

Topology built(TopologySpec spec, std::uint32_t nodes, const char* at = "") {
  std::vector<PlacedNode> placed;
  for (std::uint32_t i = 0; i < nodes; ++i)
    placed.push_back({.name = fmt::format("h{}", i), .at = at});
  spec.name = spec.kind;
  Checked<Topology> topology = build_topology(spec, placed);
  SOLITON_CHECK_MSG(topology.has_value(), "{}", topology.error().text());
  return comparable(std::move(*topology));
}

// `left` nodes under one switch and the others under another, or all under one.
Topology drawn(std::uint32_t nodes, std::uint32_t left) {
  TopologySpec spec{.kind = "explicit"};
  spec.explicit_switches = {{.name = "s0"}, {.name = "s1"}};
  TopologyLink cable{.latency = nanoseconds(500)};
  for (std::uint32_t i = 0; i < nodes; ++i)
    spec.explicit_links.push_back({fmt::format("h{}", i), i < left ? "s0" : "s1", cable});
  spec.explicit_links.push_back({"s0", "s1", cable});
  return built(std::move(spec), nodes);
}

PacketFlow flow(std::uint32_t from, std::uint32_t to, std::uint32_t packets) {
  return {NodeId{from}, NodeId{to}, packets};
}

AgreementCase incast() {
  AgreementCase out{"incast 16 : 1", drawn(17, 17), {}};
  for (std::uint32_t i = 0; i < 16; ++i) out.flows.push_back(flow(i, 16, 100));
  return out;
}

AgreementCase trunk() {
  AgreementCase out{"8 pairs over one trunk", drawn(16, 8), {}};
  for (std::uint32_t i = 0; i < 8; ++i) out.flows.push_back(flow(i, 8 + i, 200));
  return out;
}

AgreementCase all_to_all() {
  constexpr std::uint32_t kNodes = 16;
  AgreementCase out{"all-to-all of 16", drawn(kNodes, kNodes), {}};
  for (std::uint32_t step = 1; step < kNodes; ++step)
    for (std::uint32_t i = 0; i < kNodes; ++i)
      out.flows.push_back(flow(i, (i + step) % kNodes, 40));
  return out;
}

// Each node sends to one under another leaf; as many ways as spines.
AgreementCase permutation(Routing routing) {
  constexpr std::uint32_t kLeaves = 4, kHosts = 8, kNodes = kLeaves * kHosts;
  TopologySpec spec{.kind = "leaf-spine",
                    .options = {{"leaves", {std::int64_t{kLeaves}}},
                                {"spines", {std::int64_t{4}}},
                                {"hosts_per_leaf", {std::int64_t{kHosts}}}}};
  spec.routing = routing;
  AgreementCase out{fmt::format("permutation over 4 leaves and 4 spines, {}",
                                routing == Routing::kSpray ? "sprayed" : "ecmp"),
                    built(std::move(spec), kNodes),
                    {}};
  for (std::uint32_t i = 0; i < kNodes; ++i)
    out.flows.push_back(flow(i, (i + kHosts + i % 3) % kNodes, 200));
  return out;
}

}  // namespace

Topology comparable(Topology topology) {
  for (Vertex& vertex : topology.vertices) {
    vertex.forwarding = {};
    vertex.store_and_forward = true;
  }
  for (TopologyLink& link : topology.links) {
    link.queue = Bytes{std::int64_t{1} << 30};
    link.ecn.reset();
    link.other = {};
  }
  return topology;
}

std::vector<AgreementCase> agreement_cases() {
  return {incast(), trunk(), all_to_all(), permutation(Routing::kEcmp),
          permutation(Routing::kSpray)};
}

FlowsPlayed play_flows(const AgreementCase& one) {
  const Routes routes(one.topology);
  const FaultPlan no_faults;
  Network network(one.topology, routes, no_faults);
  std::uint32_t most = 0;
  for (const PacketFlow& it : one.flows) most = std::max(most, it.packets);
  std::vector<std::uint64_t> ordinals(one.topology.nodes);
  for (std::uint32_t packet = 0; packet < most; ++packet)
    for (const PacketFlow& it : one.flows)
      if (packet < it.packets)
        network.send({{.source = it.source,
                       .destination = it.destination,
                       .payload = {.bytes = {}, .ghost = kOurBytes}},
                      kRunStart,
                      ordinals[index(it.source)]++});
  FlowsPlayed out;
  std::vector<Frame> delivered;
  while (network.next_event() != kNever) {
    delivered.clear();
    network.advance(kNever, delivered);
    for (const Frame& frame : delivered)
      out.completion = std::max(out.completion, frame.at - kRunStart);
  }
  out.queue_max = network.counters().queue_max;
  return out;
}

std::string flows_text(const AgreementCase& one, const Routes& routes) {
  const Topology& topology = one.topology;
  std::string out = fmt::format("vertices {}\n", topology.vertices.size());
  for (const TopologyLink& link : topology.links)
    out += fmt::format("link {} {} {} {}\n", link.ends[0], link.ends[1], link.rate.bits_per_second,
                       link.latency.count());
  std::set<std::pair<std::uint32_t, NodeId>> said;
  for (const PacketFlow& it : one.flows) {
    if (!routes.sprays())
      routes.follow(it.source, it.destination, [&](Hop hop) {
        const std::uint32_t vertex = topology.links[hop.link].ends[hop.direction];
        if (said.emplace(vertex, it.destination).second)
          out += fmt::format("route {} {} {}\n", vertex, index(it.destination), hop.link);
      });
    out += fmt::format("flow {} {} {} {}\n", index(it.source), index(it.destination), it.packets,
                       kTheirPayload);
  }
  return out;
}

}  // namespace soliton
