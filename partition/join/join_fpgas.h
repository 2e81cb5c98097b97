// Joins the three halves of a graph that runs on CPU hosts and FPGAs: the split into layers
// (partition/region), the parts of the hosts (partition/place) and the programs (partition/lower).
#pragma once

#include <string>
#include <vector>

#include "partition/lower/lower.h"
#include "partition/place/place_graph.h"
#include "partition/region/split_model.h"

namespace soliton {

// The request that places what the split leaves to CPUs: `hosts` and `clients` as in PlaceRequest,
// `host_of` by node of the graph, for those on a CPU.
PlaceRequest place_request(const ir::Graph& graph, const SplitModel& split,
                           std::vector<std::string> hosts, std::vector<std::size_t> host_of,
                           std::string clients);

// Who sends sources and takes results, for lower().
GraphEnds ends_of(const PlacedGraph& placed);

// Adds to the hosts of `placed` the ports of the shards whose ends are `host` (Lowered::host).
// `shapes`: as SplitRequest.
void join_fpgas(const HostPorts& host, const SplitModel& split, const ir::RequestShapes& shapes,
                PlacedGraph& placed);

}  // namespace soliton
