#include "cluster/run/network_times.h"

#include <algorithm>
#include <queue>
#include <tuple>

#include "node/traffic/bounds.h"
#include "protocol/base/check.h"
#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"

namespace soliton {
namespace {

// Searches from every node, where each takes a shortest path of its own, are given up for the least
// alpha of all beyond so many visits of a cable.
constexpr std::uint64_t kVisitsMost = 50'000'000;

struct Reached {
  Duration at{};
  std::uint32_t vertex = 0;
  std::uint32_t source = 0;
  bool operator>(const Reached& other) const {
    return std::tie(at, vertex, source) > std::tie(other.at, other.vertex, other.source);
  }
};
using Frontier = std::priority_queue<Reached, std::vector<Reached>, std::greater<>>;

}  // namespace

std::uint64_t LineBytes::of(std::uint64_t messages, std::uint64_t bytes) const {
  const auto packets = [this](unsigned __int128 payload) {
    return (payload + packet_payload - 1) / packet_payload;
  };
  const unsigned __int128 all = static_cast<unsigned __int128>(messages) * bytes;
  const unsigned __int128 count = shared_packets ? packets(all) : packets(bytes) * messages;
  return static_cast<std::uint64_t>(
      std::min<unsigned __int128>(all + count * packet_overhead, INT64_MAX));
}

LineBytes line_bytes(const LtlOptions& ltl) {
  const std::size_t header = kLtlHeaderSize + security_bytes(ltl.auth);
  return {static_cast<std::uint64_t>(ltl.mtu), header + kFrameOverheadBytes, ltl.packing.count > 0};
}

BitRate slowest_line(const Topology& topology, const std::vector<NodeId>& nodes) {
  const NetworkTimes times(topology, {}, nodes, false);
  BitRate out{INT64_MAX};
  for (const NodeId node : nodes) out = std::min(out, times.fastest_line(node));
  return out;
}

NetworkTimes::NetworkTimes(const Topology& topology, const LineBytes& lines,
                           std::vector<NodeId> nodes, bool many_ways)
    : topology_(topology), lines_(lines), nodes_(std::move(nodes)), many_ways_(many_ways) {
  find_edges();
  find_ports();
  find_least_alpha();
}

// A packet takes the latency of a cable, and then the time to be forwarded; only switches and routers
// forward.
void NetworkTimes::find_edges() {
  edges_.resize(topology_.vertices.size());
  for (const TopologyLink& link : topology_.links)
    for (const int end : {0, 1})
      edges_[link.ends[end]].push_back({link.ends[1 - end], link.latency});
}

// What enters or leaves a router does so over the cables of its node.
void NetworkTimes::find_ports() {
  std::vector<std::vector<BitRate>> rates(topology_.vertices.size());
  for (const TopologyLink& link : topology_.links)
    for (const int end : {0, 1})
      if (const std::uint32_t far = link.ends[1 - end];
          topology_.vertices[far].router_of != link.ends[end] &&
          topology_.vertices[link.ends[end]].router_of != far)
        rates[link.ends[end]].push_back(link.rate);
  for (std::uint32_t v = 0; v < topology_.vertices.size(); ++v)
    if (const std::uint32_t node = topology_.vertices[v].router_of; node != kNoNode)
      rates[node].insert(rates[node].end(), rates[v].begin(), rates[v].end());
  ports_.resize(topology_.nodes);
  for (std::uint32_t node = 0; node < topology_.nodes; ++node)
    for (const BitRate rate : rates[node]) {
      Port& port = ports_[node];
      port.fastest = std::max(port.fastest, rate);
      port.all.bits_per_second += rate.bits_per_second;
    }
  for (const NodeId node : nodes_) {
    const Port& port = ports_[index(node)];
    fastest_ = std::max(fastest_, many_ways_ ? port.all : port.fastest);
  }
}

// Every path between two of the nodes has a vertex to which each of the two is one of its two nearest.
// So all sources are searched from at once, and a vertex is left after it was reached from two.
void NetworkTimes::find_least_alpha() {
  std::vector<std::vector<Reached>> reached(topology_.vertices.size());
  Frontier open;
  for (const NodeId node : nodes_) open.push({Duration{0}, index(node), index(node)});
  Duration least = kLongestTime;
  while (!open.empty()) {
    const Reached here = open.top();
    open.pop();
    std::vector<Reached>& known = reached[here.vertex];
    if (known.size() == 2 || (known.size() == 1 && known[0].source == here.source)) continue;
    known.push_back(here);
    const Vertex& vertex = topology_.vertices[here.vertex];
    if (known.size() == 2) {
      const Duration between = sum(known[0].at, known[1].at);
      least = std::min(least, vertex.is_switch ? sum(between, vertex.forwarding) : between);
    }
    if (!vertex.is_switch && here.vertex != here.source) continue;
    const Duration leaves = vertex.is_switch ? sum(here.at, vertex.forwarding) : here.at;
    for (const Edge& edge : edges_[here.vertex])
      open.push({sum(leaves, edge.latency), edge.to, here.source});
  }
  if (least < kLongestTime) least_alpha_ = least;
}

std::optional<Duration> NetworkTimes::alpha(NodeId from, NodeId to) const {
  if (source_ != from) {
    source_ = from;
    distances_.assign(topology_.vertices.size(), kLongestTime);
    Frontier open;
    open.push({Duration{0}, index(from), 0});
    while (!open.empty()) {
      const Reached here = open.top();
      open.pop();
      if (here.at >= distances_[here.vertex]) continue;
      distances_[here.vertex] = here.at;
      const Vertex& vertex = topology_.vertices[here.vertex];
      if (!vertex.is_switch && here.vertex != index(from)) continue;
      const Duration leaves = vertex.is_switch ? sum(here.at, vertex.forwarding) : here.at;
      for (const Edge& edge : edges_[here.vertex])
        open.push({sum(leaves, edge.latency), edge.to, 0});
    }
  }
  const Duration at = distances_[index(to)];
  return at < kLongestTime ? std::optional(at) : std::nullopt;
}

Duration NetworkTimes::line(BitRate rate, std::uint64_t messages, std::uint64_t bytes) const {
  if (rate.bits_per_second == 0) return {};
  return transmit_time(Bytes{static_cast<std::int64_t>(lines_.of(messages, bytes))}, rate);
}

Duration NetworkTimes::stream(NodeId from, NodeId to, std::uint64_t messages,
                              std::uint64_t bytes) const {
  if (messages == 0 || bytes == 0) return {};
  const bool searched = nodes_.size() * topology_.links.size() <= kVisitsMost;
  const Duration path = searched ? alpha(from, to).value_or(Duration{}) : least_alpha_;
  const auto rate = [&](NodeId node) {
    return many_ways_ ? ports_[index(node)].all : ports_[index(node)].fastest;
  };
  return sum(path, line(std::min(rate(from), rate(to)), messages, bytes));
}

Duration NetworkTimes::stream(std::uint64_t messages, std::uint64_t bytes) const {
  if (messages == 0 || bytes == 0) return {};
  return sum(least_alpha_, line(fastest_, messages, bytes));
}

Duration NetworkTimes::through(NodeId node, std::uint64_t messages, std::uint64_t bytes) const {
  if (messages == 0 || bytes == 0) return {};
  return sum(least_alpha_, line(ports_[index(node)].all, messages, bytes));
}

}  // namespace soliton
