// What the two virtual-time ways of running have in common: the network, the engine's end, its
// explanation.
#pragma once

#include <memory>

#include "cluster/engine/cluster_run.h"
#include "cluster/engine/explain.h"
#include "fabric/sim/engine.h"

namespace soliton {

class VirtualRun {
 public:
  VirtualRun(const FabricInputs& fabric, const RunControl& control);
  // Runs to the end; `nodes` as the engine sees them. `each_tick` is called some times a second and
  // returns the number of nodes lost; any ends the run.
  void run(std::vector<EngineNode*> nodes, const std::function<std::size_t()>& each_tick,
           ClusterOutcome& outcome);
  // Explains an end that left requests open. Call after stats were collected.
  void explain(const Asked& asked, ClusterOutcome& outcome) const {
    explain_stall(end_ == EndReason::kTimeLimit, asked, outcome);
  }

 private:
  Status tell(const EngineReport& so_far, std::size_t nodes_lost) const;
  std::string circle_text(const Deadlock& deadlock) const;

  const Topology& topology_;
  RunControl control_;
  TraceBuffer trace_;
  Network network_;
  std::optional<EndReason> end_;
};

}  // namespace soliton
