// Overrides of cables, chosen by name. Private to topologies/.
#pragma once

#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

// Sets what the spec's overrides say of the topology's cables, in their order. Errors: a selector
// that names no cable.
void apply_overrides(const TopologySpec& spec, Topology& topology, Diagnostics& errors);
// Reports the cable that needs most of the switch that it leads to, where overrides have made it need
// more than the headroom that the spec gives. REQUIRES: rates are set.
void check_headroom(const TopologySpec& spec, const Topology& topology, Diagnostics& errors);

}  // namespace soliton
