// PipeDream's way to cut a network into stages (Narayanan et al., SOSP 2019, section 3.1) as a peer
// of the planner: the graph is contracted to a chain, branches between two vertices that everything
// passes through becoming one vertex, and a dynamic programme cuts the chain.
#pragma once

#include <optional>

#include "cluster/bench/contracted_graph.h"

namespace soliton {

// The cut with the least largest load, to about a millionth: accelerators of the first such class
// and at most one stage on a CPU. nullopt if no cut fits.
std::optional<verify::Places> chain_split(const priced::PricedGraph& graph,
                                          const ContractedGraph& units);

}  // namespace soliton
