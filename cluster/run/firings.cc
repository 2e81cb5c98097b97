#include "cluster/run/firings.h"

#include <fmt/format.h>

#include <iterator>

namespace soliton {

CsvFile firings_columns() {
  return {"events.csv",
          {{"rule", "The rule that decided.", CsvType::kText},
           {"link", "The cable of the packet, or the node.", CsvType::kText},
           {"direction", "`tx` or `rx` of the cable; `node` where a node was hit.", CsvType::kText},
           {"ordinal", "The number of the packet on the link and direction, from 0.",
            CsvType::kInteger},
           {"action", "What was done.", CsvType::kText},
           {"at_ps", "When, in picoseconds.", CsvType::kInteger}}};
}

std::string firings_head(const FaultPlan& plan, const Topology& topology) {
  std::string out = csv_head(firings_columns());
  for (const FaultRule& rule : plan.rules) {
    const Duration late = rule.effect()->most_delay();
    const char* const direction = !rule.backward ? "tx" : !rule.forward ? "rx" : "both";
    for (const std::uint32_t link : rule.links)
      if (late > Duration{})
        out += fmt::format("# late {} {} {} {}\n", rule.id, late.count(), topology.links[link].name,
                           direction);
  }
  return out;
}

std::string firing_lines(const FaultPlan& plan, const Topology& topology,
                         std::span<const FaultFiring> firings) {
  std::string out;
  for (const FaultFiring& firing : firings)
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{}\n", plan.rules[firing.rule].id,
                   topology.links[firing.hop.link].name, firing.hop.direction == 0 ? "tx" : "rx",
                   firing.ordinal, spell(firing.action), firing.at.time_since_epoch().count());
  return out;
}

std::string trouble_lines(const FaultPlan& plan, const Topology& topology,
                          std::span<const NodeFiring> firings) {
  std::string out;
  for (const NodeFiring& firing : firings)
    fmt::format_to(std::back_inserter(out), "{},{},node,{},{},{}\n", plan.rules[firing.rule].id,
                   topology.vertices[index(firing.node)].name, firing.ordinal,
                   spell(firing.trouble, firing.at), firing.at.time_since_epoch().count());
  return out;
}

}  // namespace soliton
