// Virtual time, all nodes packed into this process.
#include "cluster/engine/launcher.h"
#include "cluster/engine/profile.h"
#include "cluster/engine/served_run.h"
#include "cluster/engine/virtual_run.h"
#include "fabric/ltl/packet_memory.h"
#include "fabric/sim/local_node.h"
#include "node/chassis/chassis.h"
#include "node/cpu/cpu_host.h"
#include "node/shell/message_history.h"

namespace soliton {
namespace {

// Nodes of one part of the network run on one thread at a time.
void share_memory(const Cut& cut, const std::vector<std::unique_ptr<Chassis>>& nodes) {
  std::vector<std::shared_ptr<PacketMemory>> memory;
  for (std::uint32_t part = 0; part < cut.parts; ++part)
    memory.push_back(std::make_shared<PacketMemory>(nodes.size()));
  // A node that comes back takes its packets from elsewhere.
  for (std::uint32_t i = 0; i < nodes.size(); ++i) nodes[i]->node().share(memory[cut.of_node(i)]);
}

// `source`: null, or where requests come from in place of the workload.
ClusterOutcome run_nodes(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                         const RunControl& control, RequestSource* source) {
  const Doing doing(Activity::kLaunch);
  ClusterOutcome outcome;
  std::vector<std::unique_ptr<Chassis>> machines;
  std::vector<std::unique_ptr<LocalNode>> local;
  std::vector<EngineNode*> engine_nodes;
  std::vector<Chassis*> reporting;
  for (const NodeAssignment& node : nodes) {
    machines.push_back(std::make_unique<Chassis>(node.deployment, node.rules));
    Chassis& chassis = *machines.back();
    if (control.profile) chassis.node().wrap_role(profiled);
    if (control.history != nullptr)
      chassis.node().wrap_role([&](std::unique_ptr<Role> role) {
        return recorded(std::move(role), node.deployment.id, *control.history);
      });
    if (source != nullptr)
      chassis.node().wrap_role([source](std::unique_ptr<Role> role) {
        if (auto* const host = dynamic_cast<CpuHost*>(role.get())) host->serve(*source);
        return role;
      });
    chassis.start(kRunStart);
    if (node.deployment.role.takes_part()) reporting.push_back(&chassis);
    local.push_back(std::make_unique<LocalNode>(chassis.machine(), node.deployment.id));
    engine_nodes.push_back(local.back().get());
  }
  VirtualRun virtual_run(fabric, control, control.threads);
  if (source != nullptr) virtual_run.ignore_signals();
  share_memory(virtual_run.cut(), machines);
  const auto take_records = [&]() -> std::size_t {
    Records records;
    for (Chassis* chassis : reporting) chassis->hand_over(records);
    add_records(std::move(records.requests), control.observer, outcome);
    add_records(std::move(records.messages), control.observer, outcome);
    return 0;
  };
  const ProfiledNodes profiled_nodes(engine_nodes, Activity::kTransport, control.profile);
  virtual_run.run(profiled_nodes.nodes(), take_records, outcome);
  take_records();
  for (const std::unique_ptr<Chassis>& machine : machines)
    outcome.stats.emplace_back(stats_of(*machine, outcome.end));
  outcome.node_failed.assign(nodes.size(), false);
  virtual_run.explain(requests_of(nodes), outcome);
  return outcome;
}

ClusterOutcome run_packed(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                          const RunControl& control) {
  return run_nodes(nodes, fabric, control, nullptr);
}

}  // namespace

ClusterOutcome run_served(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                          const RunControl& control, RequestSource& source) {
  return run_nodes(nodes, fabric, control, &source);
}

const Launcher kPackedLauncher = {"packed", {TimeBase::kEmulated, true, "local"}, run_packed};

}  // namespace soliton
