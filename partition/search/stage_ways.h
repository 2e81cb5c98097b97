// The shapes a stage can have: the one place that knows in which ways layers go on nodes.
#pragma once

#include <functional>
#include <span>

#include "partition/search/stage_cost.h"

namespace soliton {

// Calls `take` for all shapes of stages that begin with layer `first`, end at one of `ends` (in
// ascending order), take at most `nodes` nodes and whose tiles could lie there: shorter ones first,
// then fewer nodes.
void for_each_shape(StageCosts& costs, std::size_t first, std::span<const std::size_t> ends,
                    std::size_t nodes, const std::function<void(const StageShape&)>& take);
// The same, ending with any layer.
void for_each_shape(StageCosts& costs, std::size_t first, std::size_t layers, std::size_t nodes,
                    const std::function<void(const StageShape&)>& take);

}  // namespace soliton
