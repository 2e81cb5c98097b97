// Graphs to and from their Cap'n Proto form (graph.capnp). Serialisation only.
#pragma once

#include "partition/ir/graph.h"
#include "protocol/base/result.h"
#include "protocol/control/graph.capnp.h"

namespace soliton {

// Of the graph only what its evaluation needs: declared shapes and states stay behind.
void write_graph(const ir::Graph& graph, wire::Graph::Builder out);
Result<ir::Graph> read_graph(wire::Graph::Reader in);

// An array, which may be absent.
std::vector<std::byte> bytes_of_array(const ir::Array& array);
Result<ir::Array> array_of_bytes(capnp::Data::Reader in);

}  // namespace soliton
