// METIS and Scotch as peers of the planner: programs of Debian packages, called when they are on the
// PATH and linked by nothing. They cut undirected graphs into parts of equal weight; neither knows
// directions, the load of a device or a limit of memory.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Undirected. Weights are in any unit: they are scaled to what 32 bits hold.
struct WeightedGraph {
  struct Vertex {
    std::int64_t weight = 0;  // what parts are to have the same of
    std::int64_t bytes = 0;   // the same, where a program takes two weights
    std::map<std::size_t, std::int64_t>
        neighbours;  // with the weight of the edge, in both directions
  };
  std::vector<Vertex> vertices;
};

struct GraphPartitioner {
  const char* name = "";
  const char* program = "";
  const char* package = "";  // of Debian
  // What the program reads.
  std::string (*text)(const WeightedGraph& graph) = nullptr;
  // What makes the same input give the same parts: variables before the program, options behind it.
  const char* variables = "";
  const char* options = "";
  // Whether the number of parts stands before the file, and the file of the answer behind it.
  bool parts_first = false;
};
std::span<const GraphPartitioner> graph_partitioners();

bool installed(const GraphPartitioner& program);
// The part of each vertex, in [0, parts). kEnvironment if the program is not installed, fails or
// writes something else.
Result<std::vector<std::size_t>> parts_of(const WeightedGraph& graph, std::size_t parts,
                                          const GraphPartitioner& program);

}  // namespace soliton
