// From a graph and a CPU host for each of its operators to the parts that the hosts run and the
// ports that join them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/cpu_part.h"
#include "protocol/base/result.h"

namespace soliton {

struct HostParts {
  std::string node;
  std::vector<CpuPart> parts;
  std::vector<StreamIn> streams = {};
};

struct PlacedGraph {
  std::vector<HostParts> hosts;              // those that run something, in the order given
  std::vector<std::vector<PartPort>> sends;  // by input of the graph: where the clients send it
  std::vector<InitialArray> initial;         // that the clients send as well
  std::uint16_t first_reply = 0;  // output k comes to port first_reply + k of the clients' node
  std::int64_t cut_bytes = 0;     // array bytes between nodes for one request; 0 if shapes are open
};

struct PlaceRequest {
  const ir::Graph* graph = nullptr;
  std::vector<std::string> hosts;
  std::vector<std::size_t> host_of;  // by node of the graph: index into `hosts`
  std::string clients;               // node of the clients; may be one of the hosts
};

// A host runs as few parts as possible without two of them waiting for each other: a part is all
// operators of one host that need as many changes of host before them. Error: kInvalid, the graph
// has no inputs, or needs more ports than a node has.
Result<PlacedGraph> place_graph(const PlaceRequest& request);

}  // namespace soliton
