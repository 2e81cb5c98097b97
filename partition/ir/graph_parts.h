// The pieces of a graph, for code that makes operators itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/graph.h"

namespace soliton::ir {

// Appends a value, or one that is the same in every request.
ValueId add_value(Graph& graph, std::string name);
ValueId add_constant(Graph& graph, std::string name, Array array);

// REQUIRES: the operator is known.
Node make_node(std::string name, std::string op, std::vector<ValueId> inputs,
               std::vector<ValueId> outputs, std::vector<Attribute> attributes = {});

namespace attribute {
Attribute real(std::string name, float value);
Attribute integer(std::string name, std::int64_t value);
Attribute integers(std::string name, std::vector<std::int64_t> values);
Attribute text(std::string name, std::string value);
}  // namespace attribute

}  // namespace soliton::ir
