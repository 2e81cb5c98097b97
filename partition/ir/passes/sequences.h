// Recurrent operators in the one form that FPGAs run: steps first, and every step of a sequence counts.
#pragma once

#include <functional>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/request_shapes.h"

namespace soliton::ir {

// Inputs of the graph that are nothing but lengths of sequences (sequence_lens) and that nobody feeds
// leave it: requests hold the steps that count and no others. `fed`: by name. Returns the axes of
// steps of the inputs that are such sequences, whatever extent the file declares; ids stay.
std::vector<StepAxis> drop_length_inputs(Graph& graph,
                                         const std::function<bool(const std::string&)>& fed);

// Gives recurrent operators with batches before steps (layout 1) transpositions around them, and those
// whose lengths are constant and equal the steps that count alone: what is cut off their outputs are
// zeros. `shapes`: of the graph's values. Values and their bits stay; ids of new ones are added.
void plain_sequences(Graph& graph, const RequestShapes& shapes);

}  // namespace soliton::ir
