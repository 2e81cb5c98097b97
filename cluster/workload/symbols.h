// Which integers an input of a model means.
#pragma once

#include <cstdint>

#include "partition/ir/graph.h"

namespace soliton {

// Rows of the smallest constant table from which `Gather` reads by the input, as it is or behind views
// and casts: symbols are less than that. 2 if there is none.
std::int64_t symbols_of(const ir::Graph& graph, ir::ValueId input);

}  // namespace soliton
