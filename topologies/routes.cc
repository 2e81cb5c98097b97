#include "topologies/routes.h"

#include "topologies/equal_paths.h"
#include "topologies/shortest_paths.h"

namespace soliton {

std::string port_name(const Topology& topology, Hop hop) {
  const TopologyLink& link = topology.links[hop.link];
  return topology.vertices[link.ends[hop.direction]].name + " -> " +
         topology.vertices[far_end(link, hop.direction)].name;
}

namespace {

std::shared_ptr<const NextHops> next_hops_of(const Topology& topology) {
  if (topology.next_hops) return topology.next_hops;
  if (topology.routing == Routing::kFixed) return std::make_shared<ShortestPaths>(topology);
  return std::make_shared<EqualPaths>(topology);
}

}  // namespace

// FNV-1a.
std::uint64_t name_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

Routes::Routes(const Topology& topology) : topology_(topology), next_hops_(next_hops_of(topology)) {
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    names_.push_back(name_hash(topology.vertices[node].name));
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

Duration least_latency(const Topology& topology, std::span<const Hop> path) {
  return transfer_time(topology, path, Bytes{0});
}

}  // namespace soliton
