#include "partition/ir/graph_parts.h"

#include <utility>

#include "partition/ir/operator.h"

namespace soliton::ir {

ValueId add_value(Graph& graph, std::string name) {
  graph.values.push_back({std::move(name), {}});
  return static_cast<ValueId>(graph.values.size() - 1);
}

ValueId add_constant(Graph& graph, std::string name, Array array) {
  const ValueId id = add_value(graph, std::move(name));
  graph.values[id].constant = std::move(array);
  return id;
}

Node make_node(std::string name, std::string op, std::vector<ValueId> inputs,
               std::vector<ValueId> outputs, std::vector<Attribute> attributes) {
  Node out;
  out.name = std::move(name);
  out.op = std::move(op);
  out.kind = find_operator(out.op);
  out.inputs = std::move(inputs);
  out.outputs = std::move(outputs);
  out.attributes = std::move(attributes);
  return out;
}

namespace attribute {
namespace {

Attribute named(std::string name, Attribute::Kind kind) {
  Attribute out;
  out.name = std::move(name);
  out.kind = kind;
  return out;
}

}  // namespace

Attribute real(std::string name, float value) {
  Attribute out = named(std::move(name), Attribute::Kind::kReal);
  out.real = value;
  return out;
}

Attribute integer(std::string name, std::int64_t value) {
  Attribute out = named(std::move(name), Attribute::Kind::kInteger);
  out.integer = value;
  return out;
}

Attribute integers(std::string name, std::vector<std::int64_t> values) {
  Attribute out = named(std::move(name), Attribute::Kind::kIntegers);
  out.integers = std::move(values);
  return out;
}

Attribute text(std::string name, std::string value) {
  Attribute out = named(std::move(name), Attribute::Kind::kText);
  out.text = std::move(value);
  return out;
}

}  // namespace attribute
}  // namespace soliton::ir
