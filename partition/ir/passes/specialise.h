// What a graph becomes when more is known of its inputs: their shapes, and the values of some.
#pragma once

#include <span>

#include "partition/ir/graph.h"

namespace soliton::ir {

// Every value that follows from `inputs` (by graph.inputs; absent, unknown or known arrays, true for
// every request) becomes a constant: what is computed from shapes above all. An If that is decided
// thereby is replaced by its branch. Inputs stay; ids change.
void specialise(Graph& graph, std::span<const Array> inputs);

}  // namespace soliton::ir
