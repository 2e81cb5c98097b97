// Exact search over contiguous plans of a chain: every composition of the layers into stages, every
// number of nodes a stage, nodes taken in the view's order (dynamic programming over (layers done,
// nodes used) with Pareto sets).
//
// Stages stream: a request of T steps through stages with fills f_i and periods p_i takes sum f_i +
// (T - 1) * max p_i. Stages that are barriers wait for all before them and hold up all behind: they
// end one such sum and begin another.
#pragma once

#include <vector>

#include "partition/search/stage_cost.h"

namespace soliton {

struct ChainPlan {
  std::vector<StageChoice> stages;
  std::size_t nodes = 0;
  Duration latency{};   // by the additive model, without the host's own work and the reply's way
  Duration interval{};  // longest any stage is occupied by a request
};

struct ChainSearch {
  // Best plan for each number of used nodes that has one, fewest first.
  std::vector<ChainPlan> by_nodes;
  std::int64_t states = 0;
};

// `max_nodes` limits the nodes of a plan. Ties go to fewer stages, then to the earlier choice.
ChainSearch search_chain(const PartitionRequest& request, StageCosts& costs, std::size_t max_nodes);

// Fewest nodes like the view's first one that hold the whole model, or 0 when no number up to
// kFewestLimit does.
inline constexpr std::size_t kFewestLimit = 1024;
std::size_t fewest_nodes(const PartitionRequest& request, const NodesView& view);

}  // namespace soliton
