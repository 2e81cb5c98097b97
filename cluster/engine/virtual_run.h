// The common part of the two launchers for virtual time: the network, its hubs, the engine's end and
// its explanation.
#pragma once

#include <memory>

#include "cluster/engine/cluster_run.h"
#include "cluster/engine/explain.h"
#include "fabric/sim/cut_network.h"
#include "fabric/sim/engine.h"

namespace soliton {

class VirtualRun {
 public:
  // `threads`: how many play the network and its nodes. Nodes must be safe to run side by side.
  VirtualRun(const FabricInputs& fabric, const RunControl& control, std::uint32_t threads = 1);
  const Cut& cut() const { return network_.cut(); }
  // A signal does not end the run.
  void ignore_signals() { ignores_signals_ = true; }
  // Runs `nodes` to the end. `each_tick` is called several times a second and returns the number of
  // lost nodes; the run ends if there is one.
  void run(const std::vector<EngineNode*>& nodes, const std::function<std::size_t()>& each_tick,
           ClusterOutcome& outcome);
  // Explains an end that left requests open. REQUIRES: the nodes' statistics are in `outcome`.
  void explain(const Asked& asked, ClusterOutcome& outcome) const {
    explain_stall(end_ == EndReason::kTimeLimit, asked, outcome);
  }

 private:
  Status tell(const EngineReport& so_far, std::size_t nodes_lost) const;
  std::string circle_text(const Deadlock& deadlock) const;

  const Topology& topology_;
  RunControl control_;
  CutNetwork network_;
  std::optional<EndReason> end_;
  bool ignores_signals_ = false;
};

}  // namespace soliton
