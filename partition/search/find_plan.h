// The search as a whole: quick candidates, played; then every plan, as far as the limits reach;
// then what is proved.
#pragma once

#include <map>
#include <optional>

#include "partition/search/bounds.h"

namespace soliton {

struct FoundPlan {
  std::optional<PlayedPlan> best;
  // The best plan played for a number of nodes.
  std::map<std::size_t, PlayedPlan> by_nodes;
  // Nothing is better than `best`; without one, no plan exists.
  bool proved = false;
  Duration latency_bound{};     // of every plan; 0: none is known
  Duration interval_bound{};    // the same
  std::size_t nodes_bound = 1;  // of every plan that meets the SLA
  std::size_t fewest = 1;       // nodes that could hold the weights
  std::size_t most = 0;         // nodes the candidates could be spread over
  std::int64_t played = 0;
  std::int64_t branches = 0;
};

struct NodeLimits {
  std::size_t least = 1;
  std::size_t most = 1;
};

FoundPlan find_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                    PlanPlayer& player, const NodeLimits& limits);

}  // namespace soliton
