// What is in a model: operators, parameters, arithmetic. For `soliton model`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/operator.h"

namespace soliton::ir {

// An array that goes in or out.
struct PortDescription {
  std::string name;
  ElementType type = ElementType::kNone;
  std::string shape;  // "[1, T, 80]"; "?" where nothing is known
};

// An operator; one in a body is called "NODE/ATTRIBUTE/NAME", and its work counts in the node's.
struct NodeDescription {
  std::string name, type;
  std::optional<Work> work;  // of one request, if the shapes are known
  std::string output;        // shape of its first output, or ""
};

struct GraphDescription {
  std::vector<NodeDescription> nodes;
  std::vector<PortDescription> inputs, outputs;
  std::int64_t parameters = 0;      // real constants, those of bodies too
  std::int64_t constant_bytes = 0;  // of all constants, as they are in the graph
  std::optional<Work> work;         // of a request, if all shapes are known
  std::vector<std::string> open;    // what keeps them from being known
};

// `inputs`: shapes of the graph's inputs, unknown where they are open.
GraphDescription describe(const Graph& graph, const std::vector<std::optional<Shape>>& inputs);

}  // namespace soliton::ir
