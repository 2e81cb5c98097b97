// Kind `datacenter`: racks of nodes, the racks of a pod under a pair of aggregation switches, pods
// under a pair of spine switches. Only what has a node below it exists.
#include <fmt/format.h>

#include <map>

#include "protocol/base/located.h"
#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/place.h"
#include "topologies/routes.h"

namespace soliton {
namespace {

struct DatacenterOptions {
  std::int64_t hosts_per_rack = 24;
  std::int64_t racks_per_pod = 40;
  std::int64_t pods = 260;
  bool quiet = false;
};
constexpr Field kDatacenterRows[] = {
    field<&DatacenterOptions::hosts_per_rack>("hosts_per_rack", "Nodes that fit under one switch.")
        .between(1, 1'024),
    field<&DatacenterOptions::racks_per_pod>("racks_per_pod",
                                             "Racks under one pair of aggregation switches.")
        .between(1, 1'024),
    field<&DatacenterOptions::pods>("pods", "Pods under the pair of spine switches.")
        .between(1, 65'536),
    field<&DatacenterOptions::quiet>("quiet",
                                     "Leaves out the other users of the published measurements."),
};
constexpr FieldTable kDatacenterFields =
    fields_of<DatacenterOptions>("datacenter", kDatacenterRows);

// Ways with `routing: fixed`. Every rack is reached over the plane of its first cable upwards, which is
// the one with the lowest number. A packet stays in the plane in which it has come.
class DatacenterHops : public NextHops {
 public:
  struct Rack {
    std::uint32_t pod = 0;
    std::uint32_t plane = 0;         // over which it is reached
    std::uint32_t up[kPlanes] = {};  // links to the aggregation switches
  };
  struct Pod {
    std::uint32_t up[kPlanes] = {};  // links to the spine switches
  };

  // Vertices are nodes, racks' switches, pairs of aggregation switches by pod, spine switches. Node
  // i has link i.
  std::vector<std::uint32_t> rack_of;  // by node
  std::vector<Rack> racks;
  std::vector<Pod> pods;

  std::optional<Hop> next_hop(std::uint32_t vertex, NodeId destination,
                              const PacketKey&) const override {
    if (vertex < rack_of.size()) return Hop{vertex, 0};
    vertex -= static_cast<std::uint32_t>(rack_of.size());
    const std::uint32_t wanted = rack_of[index(destination)];
    if (vertex == wanted) return Hop{index(destination), 1};
    const Rack& rack = racks[wanted];
    if (vertex < racks.size()) return Hop{racks[vertex].up[rack.plane], 0};
    vertex -= static_cast<std::uint32_t>(racks.size());
    const std::uint32_t pod = vertex / kPlanes, plane = vertex % kPlanes;
    if (pod == pods.size()) return Hop{pods[rack.pod].up[plane], 1};  // a spine switch
    if (pod == rack.pod) return Hop{rack.up[plane], 1};
    return Hop{pods[pod].up[plane], 0};
  }
};

class DatacenterBuilder {
 public:
  // `racks`: by node.
  DatacenterBuilder(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                    const RackLayout& layout, const std::vector<std::int64_t>& racks, bool quiet)
      : spec_(spec),
        layout_(layout),
        quiet_(quiet),
        topology_(with_nodes(spec, nodes)),
        hops_(std::make_shared<DatacenterHops>()) {
    for (std::uint32_t i = 0; i < topology_.nodes; ++i) add_node(i, racks[i]);
  }

  Topology build() {
    if (racks_.size() > 1) add_aggregation();
    if (pods_.size() > 1) add_spines();
    topology_.next_hops = hops_;
    return std::move(topology_);
  }

 private:
  void add_node(std::uint32_t node, std::int64_t number) {
    const auto [rack, fresh] = racks_.try_emplace(number, hops_->racks.size());
    if (fresh) {
      hops_->racks.emplace_back();
      add_switch(topology_, fmt::format("tor{}", number), kRackForwarding,
                 place_of_rack(layout_, number));
    }
    hops_->rack_of.push_back(rack->second);
    topology_.vertices[node].place = place_of_rack(layout_, number);
    add_link(topology_, node, tor(rack->second), kHostLinkLatency, spec_.rate);
  }

  // Equally long paths are told apart by the numbers of their links, so the order of a rack's
  // cables decides over which plane it is reached: even racks over plane 0, odd ones over plane 1.
  void add_aggregation() {
    for (const auto& [number, at] : racks_) {
      DatacenterHops::Rack& rack = hops_->racks[at];
      rack.pod = pod_of(number / layout_.racks_per_pod);
      rack.plane = static_cast<std::uint32_t>(number) % kPlanes;
      for (std::uint32_t i = 0; i < kPlanes; ++i) {
        const std::uint32_t plane = (rack.plane + i) % kPlanes;
        rack.up[plane] = add_link(topology_, tor(at), aggregation(rack.pod, plane),
                                  kAggregationLinkLatency, spec_.rate);
        add_others(kAggregationOthers);
      }
    }
  }

  std::uint32_t pod_of(std::int64_t number) {
    const auto [pod, fresh] = pods_.try_emplace(number, hops_->pods.size());
    if (!fresh) return pod->second;
    hops_->pods.emplace_back();
    for (std::uint32_t i = 0; i < kPlanes; ++i)
      add_switch(topology_, fmt::format("pod{}-agg{}", number, i), kAggregationForwarding,
                 fmt::format("pod{}", number));
    return pod->second;
  }

  void add_spines() {
    for (std::uint32_t plane = 0; plane < kPlanes; ++plane) {
      const std::uint32_t spine =
          add_switch(topology_, fmt::format("spine{}", plane), kSpineForwarding, "");
      for (std::uint32_t pod = 0; pod < hops_->pods.size(); ++pod) {
        hops_->pods[pod].up[plane] =
            add_link(topology_, aggregation(pod, plane), spine, kSpineLinkLatency, spec_.rate);
        add_others(kSpineOthers);
      }
    }
  }

  void add_others(OtherTraffic others) {
    if (!quiet_) topology_.links.back().other = others;
  }

  std::uint32_t tor(std::uint32_t rack) const { return topology_.nodes + rack; }
  std::uint32_t aggregation(std::uint32_t pod, std::uint32_t plane) const {
    return tor(static_cast<std::uint32_t>(racks_.size())) + pod * kPlanes + plane;
  }

  const TopologySpec& spec_;
  const RackLayout& layout_;
  bool quiet_;
  Topology topology_;
  std::shared_ptr<DatacenterHops> hops_;
  // By number in the whole datacentre: the number among those that exist.
  std::map<std::int64_t, std::uint32_t> racks_;
  std::map<std::int64_t, std::uint32_t> pods_;
};

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  const auto options = options_of<DatacenterOptions>(spec, kDatacenterFields);
  const RackLayout layout{.topology = spec.name,
                          .hosts_per_rack = options.hosts_per_rack,
                          .racks_per_pod = options.racks_per_pod,
                          .pods = options.pods};
  const Checked<std::vector<std::int64_t>> racks = assign_racks(layout, nodes);
  if (racks) return DatacenterBuilder(spec, nodes, layout, *racks, options.quiet).build();
  errors.append(racks.error());
  return with_nodes(spec, nodes);
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  return {{kHostLinkLatency, spec.rate, kRackForwarding},
          {kAggregationLinkLatency, spec.rate, kAggregationForwarding},
          {kSpineLinkLatency, spec.rate, kSpineForwarding}};
}

std::string summary(const TopologySpec& spec) {
  const auto options = options_of<DatacenterOptions>(spec, kDatacenterFields);
  return fmt::format("racks of {}, {} racks a pod, {} pods, {}", options.hosts_per_rack,
                     options.racks_per_pod, options.pods, spell(spec.rate));
}

}  // namespace

extern const TopologyKind kDatacenterKind{
    .name = "datacenter",
    .words =
        "racks under pairs of aggregation and spine switches; 64 B round trip 2.88, 7.72 or "
        "18.71 us",
    .fields = kDatacenterFields,
    .routed = true,
    // Delays were published for a network in which a pair of racks keeps to one plane.
    .routing = Routing::kFixed,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
