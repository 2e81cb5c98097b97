// Plans that are one change away from another: a layer moved to the next stage, a node more or less, another
// way to spread a stage, two stages joined.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/search/find_plan.h"

namespace soliton {

struct Neighbour {
  std::string change;  // "gru1 moved to the stage before it", "gru0 on 3 nodes"
  std::vector<Stage> stages;
};

// Those that keep to the constraints and limits; whether they fit is not looked at. At most `most`.
std::vector<Neighbour> neighbours(const PartitionRequest& request, const NodesView& view,
                                  const NodeLimits& limits, const std::vector<Stage>& stages,
                                  std::size_t most);

// The best of them. Plays them as long as the effort is worth it; nullopt: none fits.
std::optional<NextPlan> next_best(const PartitionRequest& request, const NodesView& view,
                                  PlanPlayer& player, const NodeLimits& limits,
                                  const PlayedPlan& best);

}  // namespace soliton
