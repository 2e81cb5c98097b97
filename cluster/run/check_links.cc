#include "cluster/run/check_links.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "topologies/equal_paths.h"
#include "topologies/line.h"

namespace soliton {
namespace {

// Visits of a cable, over all receivers.
constexpr std::size_t kVisitsMost = 20'000'000;
constexpr std::size_t kNamed = 8;

// Marks in `good` the links on ways over the fewest cables from any of `sources` to `receiver`.
void mark_ways(const Topology& topology, const EqualPaths& paths,
               const std::vector<NodeId>& sources, NodeId receiver, std::vector<bool>& good) {
  std::vector<bool> met(topology.vertices.size());
  std::vector<std::uint32_t> open;
  const auto meet = [&](std::uint32_t vertex) {
    if (vertex == index(receiver) || met[vertex]) return;
    met[vertex] = true;
    open.push_back(vertex);
  };
  for (const NodeId source : sources) meet(index(source));
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    for (const Hop hop : paths.next_hops(at, receiver)) {
      good[hop.link] = true;
      meet(far_end(topology.links[hop.link], hop.direction));
    }
  }
}

}  // namespace

std::vector<std::string> unused_cables(const Topology& topology,
                                       std::span<const std::pair<NodeId, NodeId>> talking,
                                       std::span<const PortCounters> ports) {
  std::vector<std::string> out;
  std::map<NodeId, std::vector<NodeId>> sources;  // by receiver
  for (const auto& [from, to] : talking) sources[to].push_back(from);
  if (ports.empty() || sources.size() * topology.links.size() > kVisitsMost) return out;
  const EqualPaths paths(topology);
  std::vector<bool> good(topology.links.size());
  for (const auto& [receiver, from] : sources) mark_ways(topology, paths, from, receiver, good);
  for (std::uint32_t link = 0; link < topology.links.size(); ++link)
    if (good[link] && ports[port_of({link, 0})].packets == 0 &&
        ports[port_of({link, 1})].packets == 0)
      out.push_back(topology.links[link].name);
  return out;
}

void check_links(const PreparedRun& run, const std::vector<NodeAssignment>& nodes,
                 const ClusterOutcome& outcome, RunResults& results) {
  // Kinds with ways of their own have one for each pair, whatever is wired beside it.
  const bool one_way = run.topology.next_hops && run.topology.routing == Routing::kFixed;
  if (one_way || outcome.error || outcome.interrupted_by != 0) return;
  std::vector<std::pair<NodeId, NodeId>> talking;
  for (std::uint32_t node = 0; node < nodes.size(); ++node)
    for (const LtlConnection& connection : nodes[node].deployment.connections)
      talking.emplace_back(NodeId{node}, connection.peer);
  std::vector<std::string> unused = unused_cables(run.topology, talking, outcome.ports);
  if (unused.empty()) return;
  const std::size_t count = unused.size(), more = count - std::min(count, kNamed);
  unused.resize(count - more);
  warn(results.warnings, warning_id::kUnusedLink,
       fmt::format("{} of {} cables are on ways over the fewest cables between nodes that talk, "
                   "and carried nothing: {}{}; {}",
                   count, run.topology.links.size(), fmt::join(unused, ", "),
                   more == 0 ? "" : fmt::format(" and {} more", more),
                   run.topology.routing == Routing::kFixed ? "routing: ecmp uses several ways"
                   : run.topology.routing == Routing::kSpray
                       ? "few packets were sprayed"
                       : "two nodes keep to one way, and few pairs may meet on it"));
}

}  // namespace soliton
