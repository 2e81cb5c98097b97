#include "cluster/run/deploy_managed.h"

#include <algorithm>

#include "node/recovery/managed_role.h"
#include "node/roles/roles.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// A division of the model: the plan, or one for when a slot is lost.
struct Division {
  const PreparedRun* run = nullptr;
  ModelRoles model;
  NodeId lost = kNoSlot;
};

// How long a device takes to have a slot: it is configured, and weights and all else come to it. A CPU host
// has its parts at once.
Duration ready_after(const PreparedRun& run, std::uint32_t slot, const ManagerOptions& options) {
  const NodeSpec& node = run.spec.nodes[slot];
  if (node.device.kind != Device::Kind::kNpu) return {};
  Bytes bytes{};
  for (const Placement& placement : run.plan.placements)
    if (placement.node == node.name)
      for (const MemoryUse& use : placement.memory) bytes += use.used_bytes;
  return sum(options.configure, transmit_time(bytes, options.load));
}

// The nodes that can have a slot, the one that has it first in front.
std::vector<std::uint32_t> holders_of(const ClusterSpec& spec, std::uint32_t slot) {
  std::vector<std::uint32_t> out{slot};
  const Device& device = spec.nodes[slot].device;
  if (device.kind != Device::Kind::kNpu) return out;
  for (const std::uint32_t spare : spares_of(spec))
    if (spare != slot && spec.nodes[spare].device.npu == device.npu) out.push_back(spare);
  return out;
}

void add_pairs(const ClusterSpec& spec, const std::set<NodePair>& of_plan,
               std::set<NodePair>& out) {
  for (const auto& [a, b] : of_plan)
    for (const std::uint32_t x : holders_of(spec, a))
      for (const std::uint32_t y : holders_of(spec, b))
        if (x != y) out.insert({std::min(x, y), std::max(x, y)});
}

void add_plays(const Division& layout, std::uint32_t number, const ManagerOptions& options,
               std::vector<ManagedRoles>& roles) {
  for (std::uint32_t slot = 0; slot < layout.model.roles.size(); ++slot) {
    if (layout.model.roles[slot].kind() == nullptr) continue;
    for (const std::uint32_t node : holders_of(layout.run->spec, slot))
      roles[node].plays.push_back({number, NodeId{slot}, layout.model.roles[slot],
                                   ready_after(*layout.run, slot, options)});
  }
}

std::vector<ManagedNode> managed_nodes(const std::vector<ManagedRoles>& roles,
                                       const ModelRoles& model) {
  std::vector<ManagedNode> out;
  for (std::uint32_t node = 0; node < roles.size(); ++node) {
    if (roles[node].plays.empty()) continue;
    ManagedNode& one = out.emplace_back();
    one.node = NodeId{node};
    if (model.roles[node].kind() != nullptr) one.slot = NodeId{node};
    for (const ManagedRoles::Play& play : roles[node].plays)
      if (std::ranges::find(one.can, play.slot) == one.can.end()) one.can.push_back(play.slot);
  }
  return out;
}

std::vector<ManagedLayout> managed_layouts(const std::vector<Division>& layouts) {
  std::vector<ManagedLayout> out;
  for (const Division& layout : layouts) {
    if (layout.lost == kNoSlot) continue;
    ManagedLayout& one = out.emplace_back();
    one.lost = layout.lost;
    for (std::uint32_t slot = 0; slot < layout.model.roles.size(); ++slot)
      if (layout.model.roles[slot].kind() != nullptr) one.slots.push_back(NodeId{slot});
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

void add_manager(const PreparedRun& run, const ModelRoles& model, TalkingNodes& pairs,
                 std::vector<NodeAssignment>& nodes) {
  const ManagerSpec manager = manager_of(run.spec);
  const std::uint32_t at = node_number(run.spec, manager.at);
  std::vector<Division> layouts{{&run, model, kNoSlot}};
  for (const Replan& replan : run.replans)
    layouts.push_back({replan.run.get(), model_roles(*replan.run), NodeId{replan.lost}});
  std::vector<ManagedRoles> roles(nodes.size());
  for (std::uint32_t number = 0; number < layouts.size(); ++number) {
    add_plays(layouts[number], number, manager.options, roles);
    add_pairs(run.spec, layouts[number].model.pairs, pairs.data);
  }
  const std::vector<ManagedNode> managed = managed_nodes(roles, model);
  for (const ManagedNode& one : managed)
    if (const std::uint32_t node = index(one.node); node != at)
      pairs.control.insert({std::min(node, at), std::max(node, at)});
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    nodes[node].deployment.ltl.handshake = true;
    if (roles[node].plays.empty() && node != at) continue;
    ManagedRoles& role = roles[node];
    role.options = manager.options;
    role.manager = NodeId{at};
    if (model.roles[node].kind() != nullptr) role.slot = NodeId{node};
    if (node == at) {
      role.nodes = managed;
      role.layouts = managed_layouts(layouts);
    }
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
          acts_at_manager(rule) && is_managed(spec) ? node_number(spec, manager_of(spec).at) : node;
      NodeRules& rules = nodes[carrier].rules;
      rules.seed = faults.seed;
      rules.until = faults.until;
      rules.rules.push_back({number, NodeId{node}, rule});
    }
  }
}

}  // namespace soliton
