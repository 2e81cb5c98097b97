// Faults as data, resolved to links: the form of `faults:` of a cluster file (docs/faults.md) that
// engines use.
//
// Rules compose: loss probabilities combine to 1-(1-a)(1-b), delays add up, a link that is down
// loses everything, and losses in a row are counted over all rules. Adding a rule does not change
// the decisions of another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fabric/faults/fault_kind.h"
#include "fabric/faults/packet_match.h"
#include "fabric/faults/port_effect.h"

namespace soliton {

// Sets of nodes, by number, that a rule tells apart.
using NodeSets = std::vector<std::vector<std::uint32_t>>;

struct FaultRule {
  std::string id;  // "fault0", or the file's `id`
  const FaultKind* kind = &kLossFault;
  std::vector<std::uint32_t> links;  // of the topology
  std::vector<std::uint32_t> nodes;  // of kinds that are about nodes
  std::string target;                // links, switches or nodes as written, for results
  bool forward = true;               // direction 0 of the links is hit
  bool backward = true;              // direction 1 is hit
  FaultSchedule when;
  PacketMatch match;  // which packets it is about
  NodeSets sets;      // of kinds that tell nodes apart
  std::vector<FaultFiring>
      events;              // of kind `events`: what is replayed, by (link, direction, ordinal)
  Duration events_late{};  // the same: LinkEffect::most_delay() of the rule that was recorded
  std::vector<NodeFiring> node_events;  // the same, of nodes
  Settings options;                     // of the kind

  std::unique_ptr<LinkEffect> effect() const { return kind->make(*this); }
  // Null: it does nothing at ports.
  std::unique_ptr<PortEffect> port_effect() const {
    return kind->port != nullptr ? kind->port(*this) : nullptr;
  }
};

// FaultKind::make of a kind whose effect is made from its options.
template <typename Effect, typename Options, const FieldTable& table>
std::unique_ptr<LinkEffect> make_effect(const FaultRule& rule) {
  return std::make_unique<Effect>(fault_options<Options>(table, rule.options));
}
// FaultKind::port of such a kind.
template <typename Effect, typename Options, const FieldTable& table>
std::unique_ptr<PortEffect> make_port_effect(const FaultRule& rule) {
  return std::make_unique<Effect>(fault_options<Options>(table, rule.options));
}
// And of one that is made from options and sets of nodes.
template <typename Effect, typename Options, const FieldTable& table>
std::unique_ptr<LinkEffect> make_effect_of_sets(const FaultRule& rule) {
  return std::make_unique<Effect>(fault_options<Options>(table, rule.options), rule.sets);
}

struct FaultPlan {
  std::uint64_t seed = 1;
  std::vector<FaultRule> rules;
  Instant until = kNever;  // of the run: windows that begin later do not count

  // Of the rule at this position; the same wherever it is asked for.
  Random chance(std::size_t rule) const { return Random(seed, "fault/" + rules[rule].id); }
  FaultTimes times(std::size_t rule) const { return FaultTimes(rules[rule].when, chance(rule)); }
  // Of a rule about nodes, at one of them.
  Random chance(std::size_t rule, std::uint32_t node) const { return chance(rule).child(node); }
  FaultTimes times(std::size_t rule, std::uint32_t node) const {
    return FaultTimes(rules[rule].when, chance(rule, node));
  }
};

}  // namespace soliton
