// Constant folding: nodes whose inputs are all constants become constants, by the evaluator itself.
#pragma once

#include "partition/ir/graph.h"

namespace soliton::ir {

// Elements that folding may add to a graph, besides four times those that its constants have.
inline constexpr std::int64_t kMostFolded = std::int64_t{1} << 26;

// Also replaces an If whose condition is a constant by the branch that is taken. A node whose result
// would exceed the limit stays, and so does one that cannot run on its constants: whoever runs the
// graph gets its error.
void fold_constants(Graph& graph);

}  // namespace soliton::ir
