// A priced graph as the peers of the planner see it: operators that must share a node are one unit.
#pragma once

#include <optional>
#include <vector>

#include "partition/priced/priced_graph.h"
#include "partition/verify/recompute.h"

namespace soliton {

struct GraphUnit {
  std::vector<std::size_t> operators;
  std::vector<std::optional<Duration>> times;  // by class of nodes; nullopt: cannot run there
  Bytes bytes{};
};

// Units are groups, and groups on a cycle of groups together. They are in a topological order in
// which producers come as late as they can: a weight stands right before what reads it.
struct ContractedGraph {
  std::vector<GraphUnit> units;
  std::vector<std::size_t> unit_of;                 // by operator
  std::vector<std::vector<std::size_t>> producers;  // by operator, operators it reads
  std::vector<std::vector<std::size_t>> consumers;  // by operator
};
ContractedGraph contracted(const priced::PricedGraph& graph);

// The places of operators whose units lie on `units`.
verify::Places places_of_units(const ContractedGraph& graph, const verify::Places& units);

}  // namespace soliton
