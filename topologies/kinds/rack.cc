// Kind `rack`: all nodes under one top-of-rack switch.
#include <fmt/format.h>

#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/place.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

struct RackOptions {
  std::int64_t hosts_per_rack = 24;
};
constexpr Field kRackRows[] = {
    field<&RackOptions::hosts_per_rack>("hosts_per_rack", "Nodes that fit under one switch.")
        .between(1, 1'024),
};
constexpr FieldTable kRackFields = fields_of<RackOptions>("rack", kRackRows);

// Node i has link i, to the switch.
class RackHops : public NextHops {
 public:
  explicit RackHops(std::uint32_t nodes) : nodes_(nodes) {}
  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey&) const override {
    return vertex < nodes_ ? Hop{vertex, 0} : Hop{index(destination), 1};
  }

 private:
  std::uint32_t nodes_;
};

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  Topology topology = with_nodes(spec, nodes);
  const RackLayout layout{
      .topology = spec.name,
      .hosts_per_rack = options_of<RackOptions>(spec, kRackFields).hosts_per_rack,
      .one_rack = true};
  if (Checked<std::vector<std::int64_t>> racks = assign_racks(layout, nodes); !racks) {
    errors.append(std::move(racks.error()));
    return topology;
  }
  const std::string place = place_of_rack(layout, 0);
  const std::uint32_t tor = add_switch(topology, "tor0", kRackForwarding, place);
  for (std::uint32_t node = 0; node < topology.nodes; ++node) {
    topology.vertices[node].place = place;
    add_link(topology, node, tor, kHostLinkLatency, spec.rate);
  }
  topology.next_hops = std::make_shared<RackHops>(topology.nodes);
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  return {{kHostLinkLatency, spec.rate, kRackForwarding}};
}

std::string summary(const TopologySpec& spec) {
  return fmt::format("up to {} nodes under one switch, {}",
                     options_of<RackOptions>(spec, kRackFields).hosts_per_rack, spell(spec.rate));
}

}  // namespace

extern const TopologyKind kRackKind{
    .name = "rack",
    .words = "nodes under one switch; 64 B round trip 2.88 us",
    .fields = kRackFields,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
