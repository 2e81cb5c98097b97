// Kind `explicit`: switches and cables by name, as the file says. A node's `at` names the switch
// that it gets a host's cable to; without it the links attach the node. Cables of a node that forwards
// are plugged into its router (building.h).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"
#include "topologies/building.h"
#include "topologies/calibration.h"

namespace soliton {
namespace {

constexpr std::size_t kErrorsExplained = 100;

class ExplicitBuilder {
 public:
  ExplicitBuilder(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                  Diagnostics& errors)
      : spec_(spec), nodes_(nodes), errors_(errors), topology_(with_nodes(spec, nodes)) {
    for (Vertex vertex : spec.explicit_switches) {
      vertex.is_switch = true;
      topology_.vertices.push_back(std::move(vertex));
    }
    for (std::uint32_t i = 0; i < topology_.vertices.size(); ++i) {
      names_.push_back(topology_.vertices[i].name);
      numbers_.try_emplace(names_.back(), i);
    }
    for (std::uint32_t node = 0; node < topology_.nodes; ++node)
      plugs_.push_back(nodes[node].forward ? add_router(topology_, node, kRouterForwarding) : node);
  }

  Topology build() {
    attach_placed_nodes();
    for (const TopologySpec::NamedLink& cable : spec_.explicit_links) add(cable);
    return std::move(topology_);
  }

 private:
  // `at: leaf0` names a switch: the node gets a host cable to it.
  void attach_placed_nodes() {
    for (std::uint32_t i = 0; i < topology_.nodes; ++i) {
      const std::string& at = topology_.vertices[i].place;
      if (at.empty()) continue;
      const std::optional<std::uint32_t> end =
          find(at, nodes_[i].position, "node " + topology_.vertices[i].name);
      if (!end) continue;
      if (topology_.vertices[*end].is_switch) {
        const std::uint32_t link = add_link(topology_, plug(i), *end, kHostLinkLatency, spec_.rate);
        topology_.links[link].name = topology_.vertices[i].name + "-" + at;
      } else {
        problem(nodes_[i].position,
                fmt::format("node {}: {} is not a switch", topology_.vertices[i].name, at));
      }
    }
  }

  void problem(const std::string& position, const std::string& message) {
    errors_.add(ErrorCode::kInvalid, located(position, message));
  }

  std::optional<std::uint32_t> find(const std::string& name, const std::string& position,
                                    const std::string& who) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    // Nobody reads on beyond the first errors, and each suggestion compares all names.
    const std::string near =
        errors_.errors.size() < kErrorsExplained ? nearest_name(name, names_) : "";
    problem(position, fmt::format("{}: no node or switch called \"{}\"{}", who, name,
                                  near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    return std::nullopt;
  }

  void add(const TopologySpec::NamedLink& cable) {
    TopologyLink link = cable.link;
    if (link.name.empty()) link.name = cable.a + "-" + cable.b;
    const std::string who = "link " + link.name;
    const std::optional<std::uint32_t> a = find(cable.a, cable.position, who);
    const std::optional<std::uint32_t> b = find(cable.b, cable.position, who);
    if (link.latency < Duration{} || link.rate.bits_per_second <= 0 || link.queue.count < 0) {
      problem(cable.position,
              who + ": latency and queue must not be negative, the rate must be above 0");
    }
    if (!a || !b) return;
    if (*a == *b) problem(cable.position, who + ": both ends are " + cable.a);
    link.ends[0] = plug(*a);
    link.ends[1] = plug(*b);
    topology_.links.push_back(std::move(link));
  }

  // What a cable to this node or switch is plugged into.
  std::uint32_t plug(std::uint32_t vertex) const {
    return vertex < topology_.nodes ? plugs_[vertex] : vertex;
  }

  const TopologySpec& spec_;
  const std::vector<PlacedNode>& nodes_;
  Diagnostics& errors_;
  Topology topology_;
  std::vector<std::uint32_t> plugs_;  // by node
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
};

Topology build(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
               Diagnostics& errors) {
  Topology topology = ExplicitBuilder(spec, nodes, errors).build();
  check_names(topology, nodes, errors);
  return topology;
}

std::vector<SwitchCable> cables(const TopologySpec& spec) {
  std::map<std::string_view, Duration> forwarding;
  Duration slowest{};
  for (const Vertex& vertex : spec.explicit_switches) {
    forwarding.try_emplace(vertex.name, vertex.forwarding);
    slowest = std::max(slowest, vertex.forwarding);
  }
  const auto forwarding_of = [&](const std::string& name) {
    const auto found = forwarding.find(name);
    return found == forwarding.end() ? kRouterForwarding : found->second;
  };
  std::vector<SwitchCable> out;
  // Any node may be one that forwards, and one placed `at` a switch has a host's cable.
  if (!spec.explicit_switches.empty()) out.push_back({kHostLinkLatency, spec.rate, slowest});
  for (const TopologySpec::NamedLink& cable : spec.explicit_links)
    out.push_back({cable.link.latency, cable.link.rate,
                   std::max(forwarding_of(cable.a), forwarding_of(cable.b))});
  return out;
}

std::string summary(const TopologySpec& spec) {
  return fmt::format("explicit: {} switches, {} links", spec.explicit_switches.size(),
                     spec.explicit_links.size());
}

}  // namespace

extern const TopologyKind kExplicitKind{
    .name = "explicit",
    .words = "switches and links by name, as the file says",
    .fields = kNoOptions,
    .routed = true,
    .drawn = true,
    .build = &build,
    .cables = &cables,
    .summary = &summary,
};

}  // namespace soliton
