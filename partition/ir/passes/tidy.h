// Removes what no output needs.
#pragma once

#include "partition/ir/graph.h"

namespace soliton::ir {

// Nodes on which no output depends, outputs nobody reads (which become kAbsent), and values that are
// then unused; ids change. Inputs of the graph stay, used or not.
void remove_unused(Graph& graph);

}  // namespace soliton::ir
