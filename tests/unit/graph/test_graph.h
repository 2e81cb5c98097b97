// Graphs made by hand, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/graph_parts.h"
#include "partition/ir/operator.h"

namespace soliton::test {

struct TestGraph {
  ir::Graph graph;

  ir::ValueId input(const std::string& name, ir::Shape shape,
                    ir::ElementType type = ir::ElementType::kFloat32) {
    const ir::ValueId id = ir::add_value(graph, name);
    ir::Input& made = graph.inputs.emplace_back();
    made.value = id;
    made.type = type;
    made.symbols.resize(shape.size());
    made.shape = std::move(shape);
    return id;
  }
  ir::ValueId constant(const std::string& name, ir::Array array) {
    return ir::add_constant(graph, name, std::move(array));
  }
  // A node with one output, both called `name`.
  ir::ValueId node(const std::string& name, const std::string& op, std::vector<ir::ValueId> inputs,
                   std::vector<ir::Attribute> attributes = {}) {
    const ir::ValueId out = ir::add_value(graph, name);
    graph.nodes.push_back(ir::make_node(name, op, std::move(inputs), {out}, std::move(attributes)));
    return out;
  }
  void output(ir::ValueId id) { graph.outputs.push_back(id); }
};

inline ir::Array floats(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return ir::Array::of<float>({count}, std::move(values));
}

}  // namespace soliton::test
