#include "partition/plan/traffic.h"

#include <algorithm>
#include <map>

#include "topologies/routes.h"

namespace soliton {
namespace {

void add(std::vector<Flow>& flows, const std::string& from, const std::string& to,
         std::int64_t messages, std::int64_t bytes) {
  if (from == to || messages == 0) return;
  auto at = std::ranges::find_if(
      flows, [&](const Flow& flow) { return flow.from == from && flow.to == to; });
  if (at == flows.end()) at = flows.insert(at, {from, to, 0, 0});
  at->messages += messages;
  at->bytes += bytes;
}

NodeId node_of(const Topology& topology, const std::string& name) {
  std::uint32_t node = 0;
  while (node < topology.nodes && topology.vertices[node].name != name) ++node;
  return NodeId{node};
}

// Adds what a flow puts on each port, evenly at each vertex where its packets have a choice.
void spread(const Topology& topology, const std::vector<Hop>& ways, std::int64_t bytes,
            std::vector<std::int64_t>& by_port) {
  const auto near = [&](Hop hop) { return topology.links[hop.link].ends[hop.direction]; };
  std::map<std::uint32_t, std::int64_t> at, exits;
  for (const Hop hop : ways) ++exits[near(hop)];
  for (const Hop hop : ways) {
    const std::int64_t its =
        (at.empty() ? at[near(hop)] = bytes : at[near(hop)]) / exits[near(hop)];
    by_port[port_of(hop)] += its;
    at[far_end(topology.links[hop.link], hop.direction)] += its;
  }
}

}  // namespace

std::vector<Flow> flows(const Plan& plan) {
  std::vector<Flow> out;
  for (const HostPorts::Send& send : plan.host_ports.sends) {
    const std::int64_t messages = send.tokens == 0 ? plan.steps : send.tokens;
    for (const auto& to : send.destinations)
      add(out, send.host, to.peer, messages, messages * 2 * send.elements);
  }
  for (const Shard& shard : plan.shards) {
    const std::vector<std::int64_t> sends =
        messages_per_port(shard.program, QueueSide::kSent, shard.out_ports.size(), plan.steps);
    for (std::size_t port = 0; port < sends.size(); ++port) {
      for (const auto& to : shard.out_ports[port].destinations) {
        add(out, shard.node, to.peer, sends[port],
            sends[port] * 2 * shard.out_ports[port].elements);
      }
    }
  }
  return out;
}

BusyLink busiest_link(const Plan& plan, const Topology& topology) {
  const Routes routes(topology);
  std::vector<std::int64_t> bytes(2 * topology.links.size());
  for (const Flow& flow : flows(plan))
    spread(topology, routes.ways(node_of(topology, flow.from), node_of(topology, flow.to)),
           flow.bytes, bytes);
  const auto most = std::ranges::max_element(bytes);
  if (most == bytes.end() || *most == 0) return {};
  const auto index = static_cast<std::size_t>(most - bytes.begin());
  const TopologyLink& link = topology.links[index / 2];
  return {topology.vertices[link.ends[index % 2]].name + " to " +
              topology.vertices[link.ends[1 - index % 2]].name,
          *most};
}

}  // namespace soliton
