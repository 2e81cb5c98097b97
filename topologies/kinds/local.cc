// Kind `local`: every node wired to every other without latency, so fast that a packet takes a
// picosecond or a few. For measurements at the queues of the devices themselves.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/located.h"
#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

// Links are numbered by their lower node, then by the other one.
class LocalHops : public NextHops {
 public:
  explicit LocalHops(std::uint32_t nodes) : nodes_(nodes) {}
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey&) const override {
    const std::uint32_t lower = std::min(vertex, index(destination));
    const std::uint32_t upper = std::max(vertex, index(destination));
    const std::uint32_t link = lower * (2 * nodes_ - lower - 1) / 2 + (upper - lower - 1);
    return Hop{link, static_cast<std::uint8_t>(vertex == lower ? 0 : 1)};
  }

 private:
  std::uint32_t nodes_;
};

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  Topology topology = with_nodes(spec, nodes);
  for (const PlacedNode& node : nodes) {
    if (node.at.empty() || node.at == "rack0") continue;
    errors.add(ErrorCode::kInvalid,
               located(node.position,
                       fmt::format("node {}: topology {} has no place \"{}\" (leave `at` out)",
                                   node.name, topology.name, node.at)));
  }
  const std::size_t links = nodes.size() * (nodes.size() - 1) / 2;
  if (links > kTopologyLinksLimit)
    errors.add(ErrorCode::kInvalid,
               located(spec.position,
                       fmt::format("topology {}: wires every node to every other, and {} nodes "
                                   "would take more than {} links",
                                   topology.name, nodes.size(), kTopologyLinksLimit)));
  if (!errors.empty()) return topology;
  for (std::uint32_t a = 0; a < topology.nodes; ++a)
    for (std::uint32_t b = a + 1; b < topology.nodes; ++b)
      add_link(topology, a, b, Duration{}, kLocalRate);
  topology.next_hops = std::make_shared<LocalHops>(topology.nodes);
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec&) { return {}; }

std::string summary(const TopologySpec&) { return "every node wired to every other, no latency"; }

}  // namespace

extern const TopologyKind kLocalKind{
    .name = "local",
    .words = "nodes wired pairwise without latency, to measure devices alone",
    .fields = kNoOptions,
    .wired = false,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
