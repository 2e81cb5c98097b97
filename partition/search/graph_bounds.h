// Bounds for plans of any graph, branches, CPU parts between layers and several hosts included. No plan
// answers sooner than
//
//   - the longest way through layers, CPU parts and messages between hosts and FPGAs;
//   - an even share of all products for each node, once the first message has come;
//   - the run of layers that occupies its nodes for longest, however the layers are cut into stages;
//   - the work of one host's CPU parts.
//
// Only what an answer needs counts, not what is made for the next request. What a layer takes is the
// least that any division over nodes needs (layer_times.h), so the bounds are further from the best
// plan than those of chains (bounds.h).
#pragma once

#include <map>
#include <vector>

#include "partition/search/layer_times.h"
#include "partition/search/play_plan.h"
#include "partition/search/stage_cost.h"

namespace soliton {

class GraphBounds {
 public:
  // All must outlive the object.
  GraphBounds(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
              const PlanPlayer& player, std::size_t max_nodes);

  // For all plans on at most this many nodes, `max_nodes` or fewer. 0: nothing is known.
  Duration latency(std::size_t nodes) const;
  Duration interval(std::size_t nodes) const;

 private:
  void find_occupied(StageCosts& costs);

  const PartitionRequest& request_;
  const NodesView& view_;
  Lowered lowered_;  // all layers on one node, which need not hold them
  std::vector<PricedHost> hosts_;
  std::vector<Duration> occupied_;  // by nodes: of the node that is occupied for longest, at least
};

}  // namespace soliton
