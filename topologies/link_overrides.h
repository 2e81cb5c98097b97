// Overrides of cables, chosen by name. Private to topologies/.
#pragma once

#include <vector>

#include "protocol/base/result.h"
#include "topologies/kind.h"
#include "topologies/topology.h"

namespace soliton {

// Sets what the spec's overrides say of the topology's cables, in their order. Errors: a selector
// that names no cable.
void apply_overrides(const TopologySpec& spec, Topology& topology, Diagnostics& errors);
// Adds to the cables of a kind what each becomes if all overrides of it hold, whatever they name.
void add_overridden(const TopologySpec& spec, std::vector<SwitchCable>& cables);

}  // namespace soliton
