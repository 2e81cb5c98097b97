#include "cluster/run/deploy_managed.h"

#include <algorithm>

#include "node/recovery/managed_role.h"
#include "node/roles/roles.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

std::uint32_t number_of(const ClusterSpec& spec, const std::string& name) {
  const auto at = std::ranges::find(spec.nodes, name, &NodeSpec::name);
  SOLITON_CHECK_MSG(at != spec.nodes.end(), "there is no node \"{}\"", name);
  return static_cast<std::uint32_t>(at - spec.nodes.begin());
}

// The time in which the weights and all else of a slot come to a device.
Duration load_time(const PreparedRun& run, const std::string& node, BitRate rate) {
  Bytes bytes{};
  for (const Placement& placement : run.plan.placements)
    if (placement.node == node)
      for (const MemoryUse& use : placement.memory) bytes += use.used_bytes;
  return transmit_time(bytes, rate);
}

// By slot: the nodes that can have it, the one that has it first in front.
std::vector<std::vector<std::uint32_t>> holders_of(const PreparedRun& run,
                                                   const std::vector<NodeAssignment>& nodes) {
  std::vector<std::vector<std::uint32_t>> out(nodes.size());
  const std::vector<std::uint32_t> spares = spares_of(run.spec);
  for (std::uint32_t slot = 0; slot < nodes.size(); ++slot) {
    if (nodes[slot].deployment.role.kind() == nullptr) continue;
    out[slot].push_back(slot);
    const Device& device = run.spec.nodes[slot].device;
    for (const std::uint32_t spare : spares)
      if (spare != slot && device.kind == Device::Kind::kNpu &&
          run.spec.nodes[spare].device.npu == device.npu)
        out[slot].push_back(spare);
  }
  return out;
}

bool acts_at_manager(const FaultRule& rule) {
  if (rule.kind->node != nullptr) return rule.kind->node->at_manager;
  using What = NodeTrouble::What;
  return std::ranges::any_of(rule.node_events, [](const NodeFiring& event) {
    return event.trouble.what == What::kManagerDown || event.trouble.what == What::kLeaseLost ||
           event.trouble.what == What::kLeaseTwice || event.trouble.what == What::kNoSpare;
  });
}

}  // namespace

void add_manager(const PreparedRun& run, TalkingNodes& pairs, std::vector<NodeAssignment>& nodes) {
  const ManagerSpec manager = manager_of(run.spec);
  const std::uint32_t at = number_of(run.spec, manager.at);
  const std::vector<std::vector<std::uint32_t>> holders = holders_of(run, nodes);
  std::vector<ManagedRoles> roles(nodes.size());
  for (std::uint32_t slot = 0; slot < nodes.size(); ++slot)
    for (const std::uint32_t node : holders[slot])
      roles[node].plays.push_back(
          {NodeId{slot}, nodes[slot].deployment.role,
           load_time(run, run.spec.nodes[slot].name, manager.options.load)});
  for (const auto& [a, b] : std::set<NodePair>(pairs.data))
    for (const std::uint32_t x : holders[a])
      for (const std::uint32_t y : holders[b])
        if (x != y) pairs.data.insert({std::min(x, y), std::max(x, y)});
  std::vector<ManagedNode> managed;
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    if (roles[node].plays.empty()) continue;
    ManagedNode& one = managed.emplace_back();
    one.node = NodeId{node};
    if (!holders[node].empty()) one.slot = NodeId{node};
    for (const ManagedRoles::Play& play : roles[node].plays) one.can.push_back(play.slot);
    if (node != at) pairs.control.insert({std::min(node, at), std::max(node, at)});
  }
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    nodes[node].deployment.ltl.handshake = true;
    if (roles[node].plays.empty() && node != at) continue;
    ManagedRoles& role = roles[node];
    role.options = manager.options;
    role.manager = NodeId{at};
    if (!holders[node].empty()) role.slot = NodeId{node};
    if (node == at) role.nodes = managed;
    nodes[node].deployment.role = {kManagedRole, std::move(role)};
  }
}

void add_node_rules(const ClusterSpec& spec, const FaultPlan& faults,
                    std::vector<NodeAssignment>& nodes) {
  for (std::uint32_t number = 0; number < faults.rules.size(); ++number) {
    const FaultRule& rule = faults.rules[number];
    if (rule.nodes.empty()) continue;
    for (const std::uint32_t node : rule.nodes) {
      const std::uint32_t carrier =
          acts_at_manager(rule) && is_managed(spec) ? number_of(spec, manager_of(spec).at) : node;
      NodeRules& rules = nodes[carrier].rules;
      rules.seed = faults.seed;
      rules.until = faults.until;
      rules.rules.push_back({number, NodeId{node}, rule});
    }
  }
}

}  // namespace soliton
