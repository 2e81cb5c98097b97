#include "topologies/routes.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "topologies/equal_paths.h"
#include "topologies/reroutes.h"
#include "topologies/shortest_paths.h"

namespace soliton {

std::string port_name(const Topology& topology, Hop hop) {
  const TopologyLink& link = topology.links[hop.link];
  return topology.vertices[link.ends[hop.direction]].name + " -> " +
         topology.vertices[far_end(link, hop.direction)].name;
}

namespace {

std::shared_ptr<const NextHops> next_hops_of(const Topology& topology) {
  if (topology.routing != Routing::kFixed) return std::make_shared<EqualPaths>(topology);
  if (topology.next_hops) return topology.next_hops;
  return std::make_shared<ShortestPaths>(topology);
}

}  // namespace

// FNV-1a.
std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

Routes::Routes(const Topology& topology, std::vector<Outage> outages)
    : topology_(topology),
      whole_(next_hops_of(topology)),
      next_hops_(whole_),
      outages_(std::move(outages)),
      salt_(topology.hash_seed == 0 ? 0 : mix64(topology.hash_seed)) {
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    names_.push_back(name_hash(topology.vertices[node].name));
  if (outages_.empty() || !topology.reroute) return;
  const auto with_outages = std::make_shared<Reroutes>(topology, whole_, outages_);
  changes_ = with_outages->changes();
  next_hops_ = with_outages;
}

bool Routes::sprays() const { return topology_.routing == Routing::kSpray; }

// Breadth first. All ways from one vertex to the destination are over equally many cables, so a vertex
// is met behind all those that lead to it.
std::vector<Hop> Routes::ways(NodeId from, NodeId to, Instant at) const {
  SOLITON_CHECK(from != to && index(from) < topology_.nodes && index(to) < topology_.nodes);
  const PacketKey key{.flow = flow(from, to), .ordinal = 0, .at = at};
  std::vector<Hop> hops;
  std::set<std::uint32_t> met;
  std::queue<std::uint32_t> open;
  open.push(index(from));
  for (; !open.empty(); open.pop()) {
    const std::size_t before = hops.size();
    next_hops_->choices(open.front(), to, key, hops);
    for (std::size_t i = before; i < hops.size(); ++i) {
      const std::uint32_t far = far_end(topology_.links[hops[i].link], hops[i].direction);
      if (far != index(to) && met.insert(far).second) open.push(far);
    }
  }
  return hops;
}

// Hops at equal distances from the sender stand together.
std::vector<Hop> Routes::common_hops(NodeId from, NodeId to) const {
  if (!sprays()) return path(from, to);
  std::map<std::uint32_t, std::size_t> depth{{index(from), 0}};
  std::vector<std::vector<Hop>> at_depth;
  for (const Hop hop : ways(from, to)) {
    const TopologyLink& link = topology_.links[hop.link];
    const std::size_t its = depth.at(link.ends[hop.direction]);
    depth.try_emplace(far_end(link, hop.direction), its + 1);
    at_depth.resize(std::max(at_depth.size(), its + 1));
    at_depth[its].push_back(hop);
  }
  std::vector<Hop> common;
  for (const std::vector<Hop>& hops : at_depth)
    if (hops.size() == 1) common.push_back(hops.front());
  return common;
}

std::vector<Hop> Routes::path(NodeId from, NodeId to) const {
  std::vector<Hop> hops;
  follow(from, to, [&](Hop hop) { hops.push_back(hop); });
  return hops;
}

Duration transfer_time(const Topology& topology, std::span<const Hop> path, Bytes packet) {
  AtPort at_port{kRunStart, kRunStart};
  OnLine on_line{};
  for (std::size_t i = 0; i < path.size(); ++i) {
    const TopologyLink& link = topology.links[path[i].link];
    on_line = cross_line(at_port, kRunStart, line_time(link, packet), link.latency);
    if (i + 1 == path.size()) break;
    at_port = cross_switch(topology.vertices[far_end(link, path[i].direction)], on_line);
  }
  return on_line.tail - kRunStart;
}

// Where a packet is at a vertex at the soonest and at the latest: times at the next one grow with these.
TransferTimes transfer_times(const Topology& topology, std::span<const Hop> ways, Bytes packet,
                             Duration first_free) {
  struct Range {
    AtPort least, most;
  };
  if (ways.empty()) return {};
  const std::uint32_t from = topology.links[ways.front().link].ends[ways.front().direction];
  std::map<std::uint32_t, Range> at{{from, {{kRunStart, kRunStart}, {kRunStart, kRunStart}}}};
  Range arrived{{kNever, kNever}, {kRunStart, kRunStart}};
  for (const Hop hop : ways) {
    const TopologyLink& link = topology.links[hop.link];
    const std::uint32_t near = link.ends[hop.direction], far = far_end(link, hop.direction);
    const Instant free = near == from ? kRunStart + first_free : kRunStart;
    const auto crossed = [&](AtPort packet_at) {
      const OnLine on_line = cross_line(packet_at, free, line_time(link, packet), link.latency);
      const Vertex& vertex = topology.vertices[far];
      return vertex.is_switch ? cross_switch(vertex, on_line) : AtPort{on_line.tail, on_line.tail};
    };
    const Range range = at.at(near);
    const Range next{crossed(range.least), crossed(range.most)};
    Range& known =
        topology.vertices[far].is_switch ? at.try_emplace(far, next).first->second : arrived;
    known.least = {std::min(known.least.ready, next.least.ready),
                   std::min(known.least.tail, next.least.tail)};
    known.most = {std::max(known.most.ready, next.most.ready),
                  std::max(known.most.tail, next.most.tail)};
  }
  return {arrived.least.tail - kRunStart, arrived.most.tail - kRunStart};
}

Duration least_latency(const Topology& topology, std::span<const Hop> path) {
  return transfer_time(topology, path, Bytes{0});
}

}  // namespace soliton
