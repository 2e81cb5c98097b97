#include "partition/cost/paths.h"

#include <algorithm>
#include <map>

#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"
#include "topologies/line.h"

namespace soliton {
namespace {

// A plan with more failures than these is not searched for what is worst: timers adapt to the rest.
constexpr std::size_t kChangesSeen = 16;

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
      for (const Hop hop : routes.ways(NodeId{from}, NodeId{to})) ++used_[port_of(hop)];
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

Duration PathTimes::wait_at(Hop hop) const {
  const TopologyLink& link = topology_.links[hop.link];
  const Duration late = late_[port_of(hop)];
  if (!topology_.vertices[link.ends[hop.direction]].is_switch) return late;
  const Bytes in_flight = scaled(window_, std::max(used_[port_of(hop)], 1U));
  const SwitchQueues& queues = topology_.vertices[link.ends[hop.direction]].queues;
  const Bytes room = std::min(link.queue, queues.buffer.value_or(link.queue));
  const Bytes queue = topology_.pause ? in_flight : std::min(in_flight, room);
  return sum(late, sum(transmit_time(queue, link.rate), link.other.longest));
}

// Each hop stands behind those that lead to it.
Duration PathTimes::hold(const std::vector<Hop>& ways) const {
  Duration most{};
  if (!routes_.sprays()) {
    for (const Hop hop : ways) most = sum(most, wait_at(hop));
    return most;
  }
  std::map<std::uint32_t, Duration> at;  // by vertex
  for (const Hop hop : ways) {
    const TopologyLink& link = topology_.links[hop.link];
    Duration& far = at[far_end(link, hop.direction)];
    far = std::max(far, sum(at[link.ends[hop.direction]], wait_at(hop)));
    most = std::max(most, far);
  }
  return most;
}

void PathTimes::take_worst(const std::vector<Hop>& ways, Worst& out) const {
  if (ways.empty()) return;
  const auto most = [&](Bytes size) {
    return routes_.sprays() ? transfer_times(topology_, ways, size).most
                            : transfer_time(topology_, ways, size);
  };
  out.packet = std::max(out.packet, most(packet_));
  out.acknowledgement = std::max(out.acknowledgement, most(acknowledgement_));
  out.hold = std::max(out.hold, hold(ways));
  if (!out.first) out.first = ways.front();
}

PathTimes::Worst PathTimes::worst(NodeId from, NodeId to) const {
  Worst out;
  take_worst(routes_.ways(from, to), out);
  std::size_t looks = 0;
  for (const Instant change : routes_.changes()) {
    if (++looks > kChangesSeen) break;
    take_worst(routes_.ways(from, to, change), out);
  }
  return out;
}

LtlPath PathTimes::between(NodeId from, NodeId to) const {
  const Worst there = worst(from, to), back = worst(to, from);
  if (!there.first || !back.first) return {};
  return {.round_trip = sum(there.packet, back.acknowledgement),
          .hold = sum(there.hold, back.hold),
          .line = topology_.links[there.first->link].rate,
          .port = ports_[port_of(*there.first)]};
}

}  // namespace soliton
