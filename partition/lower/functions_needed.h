// What the multifunction units of a device have to compute for a layer (docs/isa.md, "Functions").
#pragma once

#include <vector>

#include "partition/ir/layer_graph.h"
#include "protocol/isa/functions.h"

namespace soliton {

// The functions that the programs of a layer use, however it is spread: each once, in the order of
// NpuFunction.
std::vector<NpuFunction> functions_needed(const Layer& layer);

}  // namespace soliton
