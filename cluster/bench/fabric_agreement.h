// The emulated network beside ns-3's on the same cables, with the same packets on the same ways: when
// the last packet has come, and the longest queue of a switch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topologies/routes.h"
#include "topologies/topology.h"

namespace soliton {

// Packets that all are handed over at once, without a transport.
struct PacketFlow {
  NodeId source{}, destination{};
  std::uint32_t packets = 0;
};

struct AgreementCase {
  std::string name;
  Topology topology;  // comparable()
  std::vector<PacketFlow> flows;
};
std::vector<AgreementCase> agreement_cases();

// The topology with switches that take in a packet whole and then send it on at once, queues without
// an end, no marks and nobody else's traffic: what both simulators model.
Topology comparable(Topology topology);

struct FlowsPlayed {
  Duration completion{};
  Bytes queue_max{};
};
FlowsPlayed play_flows(const AgreementCase& one);

// For the program of ns-3: network, flows, and our ways as static host routes; without routes where
// packets are sprayed. REQUIRES: no two flows for one destination take different ways from a switch.
std::string flows_text(const AgreementCase& one, const Routes& routes);

}  // namespace soliton
