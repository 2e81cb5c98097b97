// Finds good plans quickly: stages are laid along one order of the nodes by dynamic programming
// over (layers done, place in the order) with Pareto sets; nodes may be skipped at the borders of
// groups. It proves nothing, as its times are sums of what each stage takes alone.
//
// Stages form a pipeline: a request of T steps through stages with fills f_i and periods p_i takes
// sum f_i + (T - 1) * max p_i. A barrier stage waits for all stages before it and delays all behind
// it, so it ends one such sum and begins another.
#pragma once

#include <vector>

#include "partition/search/stage_cost.h"

namespace soliton {

struct ChainPlan {
  std::vector<Stage> stages;  // nodes are indices into the view
  std::size_t nodes = 0;
  Duration latency{};   // without the host's own work and the time of the reply
  Duration interval{};  // the longest that a request occupies any stage
};

struct ChainRequest {
  std::vector<std::size_t> order;  // indices into the view
  std::vector<std::size_t> cuts;   // first layers of stages, and the end of the last one
  std::size_t max_nodes = 1;
};

// The best plan for each number of nodes for which there is one, fewest nodes first. Ties go to the
// plan with fewer stages, then to the earlier choice.
std::vector<ChainPlan> search_chain(const PartitionRequest& request, const NodesView& view,
                                    StageCosts& costs, const ChainRequest& chain);

// Every layer; for very long chains only borders of blocks of equal layers.
std::vector<std::size_t> cuts_of(const PartitionRequest& request, const StageCosts& costs,
                                 std::size_t nodes);

}  // namespace soliton
