// Brings a graph into the form that placement works on.
#pragma once

#include "partition/ir/graph.h"

namespace soliton::ir {

// Nodes on which no output depends, outputs nobody reads (which become kAbsent), and values that are
// then unused; ids change. Inputs of the graph stay, used or not.
void remove_unused(Graph& graph);

// Gives an operator (Identity) to every output that is a constant or an input of the graph, so that
// each output is made by a node. Also the outputs of states.
void make_outputs(Graph& graph);

}  // namespace soliton::ir
