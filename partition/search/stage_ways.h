// The shapes that a stage can have. No other code knows in which ways layers can be spread over
// nodes.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "partition/search/stage_cost.h"

namespace soliton {

// Calls `take` for all shapes of stages that begin with layer `first`, end at one of `ends`
// (ascending), use at most `nodes` nodes, and whose tiles could fit these: short stages first, then
// those with fewer nodes.
void for_each_shape(StageCosts& costs, std::size_t first, std::span<const std::size_t> ends,
                    std::size_t nodes, const std::function<void(const StageShape&)>& take);
// The layers before which a stage may end, ascending: all that are not joined to the one before, and
// the end of the model. Those behind `first`, of such a list.
std::vector<std::size_t> stage_ends(const PartitionRequest& request);
std::span<const std::size_t> ends_behind(const std::vector<std::size_t>& ends, std::size_t first);

// The same for stages that end with any layer, as if none were joined.
void for_each_shape(StageCosts& costs, std::size_t first, std::size_t layers, std::size_t nodes,
                    const std::function<void(const StageShape&)>& take);

}  // namespace soliton
