// The ways in which a run of layers can be spread over a number of nodes, for the search to price:
// lower() lowers each option, predict() plays it.
#pragma once

#include <string>
#include <vector>

#include "partition/lower/lower.h"

namespace soliton {

// The largest number of nodes that layers [first, last) can use in any of the ways.
std::size_t most_stage_nodes(const LayerGraph& model, std::size_t first, std::size_t last,
                             int native_dim);

// The ways to use exactly `nodes` nodes; division by rows comes first. Only a recurrent layer that
// is not followed by another one is divided by direction or by side, and only a product with no
// recurrent layer before it in the stage by columns. Of all divisions into input
// and recurrent side, only those are returned in which both sides hold about equally many tiles on
// each node. Memory sizes are not considered.
std::vector<StageOption> stage_options(const LayerGraph& model, std::size_t first, std::size_t last,
                                       std::size_t nodes, int native_dim);

// ", a direction each half", ", its input side on 2 of them", ", slices of the input passed on", ", the
// last product by columns".
std::string describe(const StageOption& option);

}  // namespace soliton
