// Convolutions along tokens in the form that FPGAs run: a vector for each token.
#pragma once

#include "partition/ir/graph.h"
#include "partition/ir/request_shapes.h"

namespace soliton::ir {

// Whether a convolution along one axis reads no token behind the one that it makes: constant weights,
// one group, steps of one token, and zeros in front for as many tokens as its kernel reaches back.
bool is_causal(const Graph& graph, const Node& node);

// Gives causal convolutions over several tokens, and the point-wise work between them, transpositions
// from [1, channels, tokens] to [1, tokens, channels] and back around them. What a Pad in front makes
// causal, or padding at both ends and a cut of the end, becomes so at once. `shapes`: of the graph's
// values. Values and their bits stay, if weights are finite; ids change.
void tokens_first(Graph& graph, const RequestShapes& shapes);

}  // namespace soliton::ir
