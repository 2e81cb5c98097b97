// Kind `clos`: a folded Clos network of `levels` levels of switches with `arity` cables down and as many up,
// a k-ary n-tree (Petrini and Vanneschi, "k-ary n-trees: high performance networks for massively
// parallel architectures", IPPS 1997). arity^levels nodes fit.
#include <fmt/format.h>

#include "topologies/building.h"
#include "topologies/calibration.h"
#include "topologies/leaves.h"

namespace soliton {
namespace {

struct ClosOptions {
  std::int64_t levels = 3;
  std::int64_t arity = 4;
  Duration latency = kAggregationLinkLatency;
};
constexpr Field kRows[] = {
    field<&ClosOptions::levels>("levels", "Levels of switches.").between(1, 6),
    field<&ClosOptions::arity>("arity",
                               "Cables of a switch down, and as many up; `arity` to the power of "
                               "`levels` nodes fit.")
        .between(2, 64),
    cable_latency_row<&ClosOptions::latency>(),
};
constexpr FieldTable kFields = fields_of<ClosOptions>("clos", kRows);

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t out = 1;
  for (std::int64_t i = 0; i < exponent && out <= std::int64_t{kTopologyLinksLimit} * base; ++i)
    out *= base;
  return out;
}

// A level has arity^(levels - 1) switches, numbered by digits to the base of arity. Switch w of level l and
// switch w' of the level above are wired if all their digits but number l are equal.
Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  const auto options = options_of<ClosOptions>(spec, kFields);
  Topology topology = with_nodes(spec, nodes);
  const std::int64_t wide = power(options.arity, options.levels - 1);
  const std::int64_t cables = (options.levels - 1) * wide * options.arity;
  if (has_too_many_cables(spec, cables + topology.nodes, errors)) return topology;
  const auto name = [](std::size_t leaf) { return fmt::format("level0-{}", leaf); };
  const auto placed =
      assign_leaves({spec.name, static_cast<std::size_t>(wide), options.arity, name}, nodes);
  if (!placed) return errors.append(placed.error()), topology;
  const auto count = static_cast<std::uint32_t>(wide);
  for (std::int64_t level = 0; level < options.levels; ++level)
    for (std::uint32_t i = 0; i < count; ++i)
      add_switch(topology, fmt::format("level{}-{}", level, i),
                 level == 0 ? kRackForwarding : kAggregationForwarding, "");
  for (std::uint32_t node = 0; node < topology.nodes; ++node)
    hang_node(topology, node, topology.nodes + static_cast<std::uint32_t>((*placed)[node]),
              spec.rate);
  for (std::int64_t level = 0; level + 1 < options.levels; ++level) {
    const auto digit = static_cast<std::uint32_t>(power(options.arity, level));
    const auto arity = static_cast<std::uint32_t>(options.arity);
    const std::uint32_t own = topology.nodes + static_cast<std::uint32_t>(level) * count;
    for (std::uint32_t i = 0; i < count; ++i)
      for (std::uint32_t up = 0; up < arity; ++up)
        add_link(topology, own + i, own + count + i - i / digit % arity * digit + up * digit,
                 options.latency, spec.rate);
  }
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  const auto options = options_of<ClosOptions>(spec, kFields);
  return {{kHostLinkLatency, spec.rate, kRackForwarding},
          {options.latency, spec.rate, kAggregationForwarding}};
}

std::string summary(const TopologySpec& spec) {
  const auto options = options_of<ClosOptions>(spec, kFields);
  return fmt::format("{} levels of switches with {} cables down and up, {}", options.levels,
                     options.arity, spell(spec.rate));
}

}  // namespace

extern const TopologyKind kClosKind{
    .name = "clos",
    .words = "levels of switches with as many cables up as down, a k-ary n-tree",
    .fields = kFields,
    .routed = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
