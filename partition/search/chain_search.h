// Good plans quickly: stages along one order of the nodes, found by dynamic programming over
// (layers done, place in the order) with Pareto sets, where nodes may be left out at the borders of
// groups. It proves nothing: its times are sums of what each stage takes alone.
//
// Stages stream: a request of T steps through stages with fills f_i and periods p_i takes sum f_i +
// (T - 1) * max p_i. Stages that are barriers wait for all before them and hold up all behind: they
// end one such sum and begin another.
#pragma once

#include <vector>

#include "partition/search/stage_cost.h"

namespace soliton {

struct ChainPlan {
  std::vector<Stage> stages;  // nodes: positions in the view
  std::size_t nodes = 0;
  Duration latency{};   // without the host's own work and the reply's way
  Duration interval{};  // longest any stage is occupied by a request
};

struct ChainRequest {
  std::vector<std::size_t> order;  // positions in the view
  std::vector<std::size_t> cuts;   // layers a stage may begin with, and one behind the last
  std::size_t max_nodes = 1;
};

// Best plan for each number of used nodes that has one, fewest first. Ties go to fewer stages, then
// to the earlier choice.
std::vector<ChainPlan> search_chain(const PartitionRequest& request, const NodesView& view,
                                    StageCosts& costs, const ChainRequest& chain);

// Every layer, or, of very long chains, borders of blocks of equal layers.
std::vector<std::size_t> cuts_of(const PartitionRequest& request, const StageCosts& costs,
                                 std::size_t nodes);

}  // namespace soliton
