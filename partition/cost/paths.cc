#include "partition/cost/paths.h"

#include <algorithm>

#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"
#include "topologies/line.h"

namespace soliton {
namespace {

Bytes scaled(Bytes size, std::size_t count) {
  const __int128 product = static_cast<__int128>(size.count) * static_cast<__int128>(count);
  return {static_cast<std::int64_t>(std::min(product, __int128{INT64_MAX / 16}))};
}

}  // namespace

PathTimes::PathTimes(const LtlOptions& ltl, const Topology& topology, const Routes& routes,
                     const FaultPlan& faults, const std::set<NodePair>& pairs)
    : topology_(topology),
      routes_(routes),
      used_(topology.links.size() * 2),
      late_(topology.links.size() * 2),
      ports_(topology.links.size() * 2) {
  const auto header = static_cast<std::int64_t>(kLtlHeaderSize + security_bytes(ltl.auth));
  packet_ = Bytes{header + ltl.mtu};
  acknowledgement_ = Bytes{header};
  window_ = scaled(packet_ + Bytes{kFrameOverheadBytes}, ltl.window);
  for (const auto& [a, b] : pairs)
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)})
      routes.follow(NodeId{from}, NodeId{to}, [this](Hop hop) { ++used_[port_of(hop)]; });
  std::vector<std::uint16_t> used(topology.vertices.size());
  for (std::uint32_t link = 0; link < topology.links.size(); ++link)
    for (const std::uint8_t direction : {0, 1})
      ports_[port_of({link, direction})] = used[topology.links[link].ends[direction]]++;
  for (const FaultRule& rule : faults.rules) {
    const Duration late = rule.effect()->most_delay();
    for (const std::uint32_t link : rule.links) {
      Duration* const of = &late_[port_of({link, 0})];
      if (rule.forward) of[0] = sum(of[0], late);
      if (rule.backward) of[1] = sum(of[1], late);
    }
  }
}

Duration PathTimes::hold(std::span<const Hop> path) const {
  Duration most{};
  for (const Hop hop : path) {
    const TopologyLink& link = topology_.links[hop.link];
    most = sum(most, late_[port_of(hop)]);
    if (!topology_.vertices[link.ends[hop.direction]].is_switch) continue;
    const Bytes in_flight = scaled(window_, used_[port_of(hop)]);
    const Bytes queue = topology_.pause ? in_flight : std::min(in_flight, link.queue);
    most = sum(most, sum(transmit_time(queue, link.rate), link.other.longest));
  }
  return most;
}

LtlPath PathTimes::between(NodeId from, NodeId to) const {
  const std::vector<Hop> there = routes_.path(from, to);
  const std::vector<Hop> back = routes_.path(to, from);
  if (there.empty() || back.empty()) return {};
  return {.round_trip = sum(transfer_time(topology_, there, packet_),
                            transfer_time(topology_, back, acknowledgement_)),
          .hold = sum(hold(there), hold(back)),
          .line = topology_.links[there.front().link].rate,
          .port = ports_[port_of(there.front())]};
}

}  // namespace soliton
