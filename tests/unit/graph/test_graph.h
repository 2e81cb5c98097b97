// Graphs made by hand, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/operator.h"

namespace soliton::test {

struct TestGraph {
  ir::Graph graph;

  ir::ValueId input(const std::string& name, ir::Shape shape,
                    ir::ElementType type = ir::ElementType::kFloat32) {
    const ir::ValueId id = value(name);
    ir::Input& made = graph.inputs.emplace_back();
    made.value = id;
    made.type = type;
    made.symbols.resize(shape.size());
    made.shape = std::move(shape);
    return id;
  }
  ir::ValueId constant(const std::string& name, ir::Array array) {
    const ir::ValueId id = value(name);
    graph.values[id].constant = std::move(array);
    return id;
  }
  // A node with one output, both called `name`.
  ir::ValueId node(const std::string& name, const std::string& op, std::vector<ir::ValueId> inputs,
                   std::vector<ir::Attribute> attributes = {}) {
    ir::Node made;
    made.name = name;
    made.op = op;
    made.kind = ir::find_operator(op);
    made.inputs = std::move(inputs);
    made.attributes = std::move(attributes);
    made.outputs = {value(name)};
    graph.nodes.push_back(made);
    return made.outputs.front();
  }
  void output(ir::ValueId id) { graph.outputs.push_back(id); }

 private:
  ir::ValueId value(const std::string& name) {
    graph.values.push_back({name, {}});
    return static_cast<ir::ValueId>(graph.values.size() - 1);
  }
};

inline ir::Array floats(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return ir::Array::of<float>({count}, std::move(values));
}

}  // namespace soliton::test
