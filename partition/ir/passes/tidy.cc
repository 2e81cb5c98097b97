#include "partition/ir/passes/tidy.h"

#include <algorithm>

#include "partition/ir/graph_parts.h"
#include "partition/ir/operator.h"

namespace soliton::ir {

void remove_unused(Graph& graph) {
  std::vector<bool> needed(graph.values.size());
  const auto need = [&](ValueId id) {
    if (id != kAbsent) needed[id] = true;
  };
  for (const ValueId id : graph.outputs) need(id);
  for (const State& state : graph.states) need(state.output);
  std::vector<Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const auto read = [&](ValueId id) { return id != kAbsent && needed[id]; };
    if (std::ranges::none_of(node->outputs, read)) continue;
    for (ValueId& id : node->outputs)
      if (!read(id)) id = kAbsent;
    std::ranges::for_each(node->inputs, need);
    kept.push_back(std::move(*node));
  }
  std::ranges::reverse(kept);
  graph.nodes = std::move(kept);
  for (const Input& input : graph.inputs) need(input.value);

  std::vector<ValueId> to(graph.values.size(), kAbsent);
  std::vector<Value> values;
  for (ValueId id = 0; id < to.size(); ++id) {
    if (!needed[id]) continue;
    to[id] = static_cast<ValueId>(values.size());
    values.push_back(std::move(graph.values[id]));
  }
  graph.values = std::move(values);
  const auto move = [&](ValueId& id) { id = id == kAbsent ? kAbsent : to[id]; };
  for (Node& node : graph.nodes) {
    std::ranges::for_each(node.inputs, move);
    std::ranges::for_each(node.outputs, move);
  }
  for (Input& input : graph.inputs) move(input.value);
  for (State& state : graph.states) {
    move(state.input);
    move(state.output);
  }
  std::ranges::for_each(graph.outputs, move);
}

void make_outputs(Graph& graph) {
  std::vector<bool> made(graph.values.size());
  for (const Node& node : graph.nodes)
    for (const ValueId id : node.outputs)
      if (id != kAbsent) made[id] = true;
  const auto make = [&](ValueId& id) {
    if (id < made.size() && made[id]) return;
    const std::string name = graph.values[id].name;
    const ValueId out = add_value(graph, name);
    graph.nodes.push_back(make_node(name, "Identity", {id}, {out}));
    id = out;
  };
  for (ValueId& id : graph.outputs) make(id);
  for (State& state : graph.states) make(state.output);
}

}  // namespace soliton::ir
