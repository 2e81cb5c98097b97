// What a graph becomes when more is known of its inputs: their shapes, and the values of some.
#pragma once

#include <span>

#include "partition/ir/request_shapes.h"

namespace soliton::ir {

// Every value that follows from `inputs`, as infer_shapes() takes them, in the same way in every
// request becomes a constant: what is computed from shapes above all. An If that is decided
// thereby is replaced by its branch. Inputs stay; ids change.
void specialise(Graph& graph, std::span<const Trial> inputs);

}  // namespace soliton::ir
