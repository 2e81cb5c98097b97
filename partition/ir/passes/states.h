// State that a model keeps between requests: inputs that nobody feeds and outputs that return them.
#pragma once

#include <string>
#include <vector>

#include "partition/ir/graph.h"
#include "protocol/base/result.h"

namespace soliton::ir {

struct StatePair {
  std::size_t input = 0;   // index into Graph::inputs
  std::size_t output = 0;  // index into Graph::outputs
};

// Finds an output for each of `inputs` (indices into Graph::inputs): the final state of the recurrent
// operator whose initial state the input is; else the output with the same name but for a mark such
// as "n", "_out" or "new_"; else the only one that is left, if one input is left too. Outputs number
// 0 is an answer, never state by elimination. Errors: kInvalid, one for each input without an output.
Checked<std::vector<StatePair>> find_states(const Graph& graph,
                                            const std::vector<std::size_t>& inputs);

}  // namespace soliton::ir
