// Priced graphs for tests: written out by hand in few words, or random and small.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/priced/assignment.h"
#include "partition/priced/priced_graph.h"
#include "partition/verify/recompute.h"

namespace soliton::verify::test {

// An operator of a hand-made graph: all times in picoseconds.
struct Small {
  std::int64_t fpga = 0, cpu = 0, transfer = 0, size = 0;
};

// Accelerators fpga0, … and CPUs cpu0, …; every operator in a group of its own, called 0, 1, ….
priced::PricedGraph graph_of(const std::vector<Small>& operators,
                             const std::vector<priced::Edge>& edges, std::int64_t fpgas,
                             std::int64_t cpus, std::int64_t memory = 1'000'000);

// fpga0, fpga1, … as 0, 1, …; cpu0, cpu1, … as -1, -2, ….
Places places_of(const std::vector<int>& nodes);

// Up to `operators` operators on up to three nodes of each of one to three classes; some operators
// run only on some classes, some are grouped. Determined by the seed.
priced::PricedGraph random_graph(std::uint64_t seed, std::size_t operators);

// An assignment that respects places and groups but neither memory nor order.
Places random_places(const priced::PricedGraph& graph, std::uint64_t seed);

// Every operator, its edges and the nodes, for a failure.
std::string words_of(const priced::PricedGraph& graph);

}  // namespace soliton::verify::test
