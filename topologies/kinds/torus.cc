// Kinds `torus` and `ring`: nodes wired to their neighbours by direct cables, which pass on what is for
// others. A node has a router of its own for that (building.h), which forwards as a switch does.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "protocol/base/located.h"
#include "topologies/building.h"
#include "topologies/leaves.h"

namespace soliton {
namespace {

// Not calibrated, as what a router does (building.h).
constexpr Duration kCableLatency = nanoseconds(400);

struct RingOptions {
  Duration latency = kCableLatency;
  Duration forwarding = kRouterForwarding;
};
struct TorusOptions {
  std::vector<std::int64_t> dims;
  Duration latency = kCableLatency;
  Duration forwarding = kRouterForwarding;
};

constexpr Field kRingRows[] = {
    cable_latency_row<&RingOptions::latency>(),
    field<&RingOptions::forwarding>("forwarding", "Of a node that passes a packet on.")
        .between(Duration{0}, milliseconds(1'000)),
};
constexpr FieldTable kRingFields = fields_of<RingOptions>("ring", kRingRows);
constexpr Field kTorusRows[] = {
    field<&TorusOptions::dims>("dims",
                               "Nodes along each dimension, `[6, 8]`: the last changes first.")
        .between(1, 4'096),
    cable_latency_row<&TorusOptions::latency>(),
    field<&TorusOptions::forwarding>("forwarding", "Of a node that passes a packet on.")
        .between(Duration{0}, milliseconds(1'000)),
};
constexpr FieldTable kTorusFields = fields_of<TorusOptions>("torus", kTorusRows);

class Grid {
 public:
  // REQUIRES: as many nodes as `dims` have places.
  Grid(const TopologySpec& spec, const std::vector<PlacedNode>& nodes, const TorusOptions& options)
      : spec_(spec), options_(options), topology_(with_nodes(spec, nodes)) {}

  Topology build() {
    add_routers();
    std::int64_t stride = 1;
    for (std::size_t d = options_.dims.size(); d-- > 0; stride *= options_.dims[d])
      add_dimension(stride, options_.dims[d]);
    return std::move(topology_);
  }

 private:
  void add_routers() {
    for (std::uint32_t node = 0; node < topology_.nodes; ++node)
      add_router(topology_, node, options_.forwarding);
  }

  // Of two nodes along a dimension one cable joins both, and is not doubled.
  void add_dimension(std::int64_t stride, std::int64_t extent) {
    if (extent < 2) return;
    for (std::int64_t node = 0; node < std::int64_t{topology_.nodes}; ++node) {
      const std::int64_t at = node / stride % extent;
      if (extent == 2 && at == 1) continue;
      const std::int64_t next = node + ((at + 1) % extent - at) * stride;
      const auto lower = static_cast<std::uint32_t>(std::min(node, next));
      const auto upper = static_cast<std::uint32_t>(std::max(node, next));
      add_link(topology_, topology_.nodes + lower, topology_.nodes + upper, options_.latency,
               spec_.rate);
      topology_.links.back().name =
          topology_.vertices[lower].name + "-" + topology_.vertices[upper].name;
    }
  }

  const TopologySpec& spec_;
  const TorusOptions& options_;
  Topology topology_;
};

// Of two nodes along a dimension one cable joins both; each node has a line on its chip.
std::int64_t cables_of(const std::vector<std::int64_t>& dims, std::int64_t nodes) {
  std::int64_t cables = nodes;
  for (const std::int64_t extent : dims) cables += extent < 2 ? 0 : extent == 2 ? nodes / 2 : nodes;
  return cables;
}

Topology build_grid(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                    const TorusOptions& options, Diagnostics& errors) {
  refuse_places(spec, nodes, errors);
  std::int64_t places = options.dims.empty() ? 0 : 1;
  for (const std::int64_t extent : options.dims)
    places = std::min<std::int64_t>(places * extent, std::int64_t{1} << 40);
  if (options.dims.empty())
    errors.add(ErrorCode::kInvalid,
               located(spec.position,
                       fmt::format("topology {}: dims are missing: nodes along each dimension, as "
                                   "[6, 8]",
                                   spec.name)));
  else if (places != static_cast<std::int64_t>(nodes.size()))
    errors.add(
        ErrorCode::kInvalid,
        located(spec.position,
                fmt::format("topology {}: dims {} have {} places, the cluster has {} nodes",
                            spec.name, fmt::join(options.dims, " x "), places, nodes.size())));
  has_too_many_cables(spec, cables_of(options.dims, static_cast<std::int64_t>(nodes.size())),
                      errors);
  if (!errors.empty()) return with_nodes(spec, nodes);
  return Grid(spec, nodes, options).build();
}

Topology build_torus(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                     Diagnostics& errors) {
  return build_grid(spec, nodes, options_of<TorusOptions>(spec, kTorusFields), errors);
}

Topology build_ring(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                    Diagnostics& errors) {
  const auto options = options_of<RingOptions>(spec, kRingFields);
  return build_grid(
      spec, nodes, {{static_cast<std::int64_t>(nodes.size())}, options.latency, options.forwarding},
      errors);
}

std::vector<SwitchCable> torus_cables(const TopologySpec& spec) {
  const auto options = options_of<TorusOptions>(spec, kTorusFields);
  std::int64_t ports = 0;
  for (const std::int64_t extent : options.dims) ports += std::min<std::int64_t>(extent - 1, 2);
  return {
      {kOnChip, {spec.rate.bits_per_second * std::max<std::int64_t>(1, ports)}, options.forwarding},
      {options.latency, spec.rate, options.forwarding}};
}
std::vector<SwitchCable> ring_cables(const TopologySpec& spec) {
  const auto options = options_of<RingOptions>(spec, kRingFields);
  return {{kOnChip, {spec.rate.bits_per_second * 2}, options.forwarding},
          {options.latency, spec.rate, options.forwarding}};
}

std::string torus_summary(const TopologySpec& spec) {
  return fmt::format("torus of {}, {}",
                     fmt::join(options_of<TorusOptions>(spec, kTorusFields).dims, " x "),
                     spell(spec.rate));
}
std::string ring_summary(const TopologySpec& spec) {
  return fmt::format("ring of all nodes, {}", spell(spec.rate));
}

}  // namespace

extern const TopologyKind kTorusKind{
    .name = "torus",
    .words = "nodes in a grid of any dimensions, wired to their neighbours, which pass on",
    .fields = kTorusFields,
    .routed = true,
    .build = &build_torus,
    .cables = &torus_cables,
    .summary = &torus_summary,
};

extern const TopologyKind kRingKind{
    .name = "ring",
    .words = "nodes in a circle, wired to their neighbours, which pass on",
    .fields = kRingFields,
    .routed = true,
    .build = &build_ring,
    .cables = &ring_cables,
    .summary = &ring_summary,
};

}  // namespace soliton
