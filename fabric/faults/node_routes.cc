#include "fabric/faults/node_routes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "protocol/base/check.h"
#include "topologies/equal_paths.h"
#include "topologies/line.h"

namespace soliton {
namespace {

std::vector<WayFork> forks_of(const Topology& topology, const std::vector<Hop>& ways) {
  std::vector<WayFork> forks;
  std::map<std::uint32_t, std::uint32_t> fork_at;  // by vertex
  for (const Hop hop : ways) {
    const TopologyLink& link = topology.links[hop.link];
    const std::uint32_t near = link.ends[hop.direction];
    const auto [fork, fresh] = fork_at.try_emplace(near, static_cast<std::uint32_t>(forks.size()));
    if (fresh) forks.push_back({.name = name_hash(topology.vertices[near].name), .exits = {}});
    forks[fork->second].exits.push_back({.hop = hop, .cable = name_hash(link.name)});
  }
  for (WayFork& fork : forks)
    for (WayFork::Exit& exit : fork.exits) {
      const auto far = fork_at.find(far_end(topology.links[exit.hop.link], exit.hop.direction));
      if (far != fork_at.end()) exit.to = far->second;
    }
  return forks;
}

// The one hop over which all packets of the flow arrive, at whatever time.
std::optional<Hop> last_of(const std::vector<TimedWays>& ways) {
  std::optional<Hop> last;
  for (const TimedWays& its : ways)
    for (const WayFork& fork : its.forks)
      for (const WayFork::Exit& exit : fork.exits) {
        if (exit.to != WayFork::kArrived) continue;
        if (last && *last != exit.hop) return std::nullopt;
        last = exit.hop;
      }
  return last;
}

std::vector<TimedWays> timed_ways(const Topology& topology, const Routes& routes, NodeId from,
                                  NodeId to) {
  std::vector<TimedWays> out;
  const auto add = [&](Instant at) {
    TimedWays ways{.from = at, .forks = forks_of(topology, routes.ways(from, to, at))};
    if (!ways.forks.empty() && (out.empty() || out.back().forks != ways.forks))
      out.push_back(std::move(ways));
  };
  add(kRunStart);
  for (const Instant change : routes.changes()) add(change);
  return out;
}

std::vector<std::pair<std::uint32_t, BitRate>> rates_of(const Topology& topology,
                                                        const std::vector<PeerRoute>& peers) {
  std::map<std::uint32_t, BitRate> rates;
  const auto add = [&](Hop hop) { rates.emplace(hop.link, topology.links[hop.link].rate); };
  for (const PeerRoute& peer : peers) {
    for (const TimedWays& ways : peer.to)
      for (const WayFork& fork : ways.forks)
        for (const WayFork::Exit& exit : fork.exits) add(exit.hop);
    if (peer.last_from) add(*peer.last_from);
  }
  return {rates.begin(), rates.end()};
}

}  // namespace

NodeRoutes node_routes(const Topology& topology, const Routes& routes, NodeId self,
                       std::vector<NodeId> peers) {
  NodeRoutes own{.self = self,
                 .links = topology.links.size(),
                 .spray = routes.sprays(),
                 .peers = {},
                 .rates = {}};
  std::sort(peers.begin(), peers.end());
  for (const NodeId peer : peers) {
    if (!own.peers.empty() && own.peers.back().peer == peer) continue;
    PeerRoute route{.peer = peer,
                    .flow = routes.flow(self, peer),
                    .to = timed_ways(topology, routes, self, peer),
                    .last_to = {},
                    .last_from = {}};
    if (route.to.empty()) continue;
    route.last_to = last_of(route.to);
    route.last_from = last_of(timed_ways(topology, routes, peer, self));
    own.peers.push_back(std::move(route));
  }
  own.rates = rates_of(topology, own.peers);
  return own;
}

BitRate NodeRoutes::rate_of(std::uint32_t link) const {
  const auto at =
      std::ranges::lower_bound(rates, link, {}, [](const auto& rate) { return rate.first; });
  SOLITON_CHECK_MSG(at != rates.end() && at->first == link, "link {} is on no way", link);
  return at->second;
}

void append_path(const PeerRoute& route, bool spray, std::uint32_t ordinal, Instant now,
                 std::vector<Hop>& hops) {
  const auto next =
      std::upper_bound(route.to.begin() + 1, route.to.end(), now,
                       [](Instant when, const TimedWays& ways) { return when < ways.from; });
  const std::vector<WayFork>& forks = std::prev(next)->forks;
  const std::uint64_t hash = flow_hash({.flow = route.flow, .ordinal = ordinal}, spray);
  for (std::uint32_t at = 0; at != WayFork::kArrived;) {
    const std::vector<WayFork::Exit>& exits = forks[at].exits;
    const std::uint64_t here = hash_at(hash, forks[at].name);
    const auto chosen = std::max_element(
        exits.begin(), exits.end(), [&](const WayFork::Exit& a, const WayFork::Exit& b) {
          return weight_of(here, a.cable) < weight_of(here, b.cable);
        });
    hops.push_back(chosen->hop);
    at = chosen->to;
  }
}

}  // namespace soliton
