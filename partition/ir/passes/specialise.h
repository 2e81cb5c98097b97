// What a graph becomes when more is known of its inputs: their shapes, and the values of some.
#pragma once

#include <functional>
#include <vector>

#include "partition/ir/graph.h"

namespace soliton::ir {

// Every value that `arrays_of` (by value of the graph it is given; true for every request) knows the
// elements of becomes a constant: what is computed from shapes above all. An If that is decided
// thereby is replaced by its branch. Inputs stay; ids change.
void specialise(Graph& graph, const std::function<std::vector<Array>(const Graph&)>& arrays_of);

}  // namespace soliton::ir
