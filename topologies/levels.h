// How high a vertex stands in a topology. Private to topologies/.
#pragma once

#include <cstddef>
#include <vector>

#include "topologies/topology.h"

namespace soliton {

// By vertex: cables to the nearest node; as many as there are vertices where none is joined to it.
std::vector<std::size_t> levels_of(const Topology& topology);

}  // namespace soliton
