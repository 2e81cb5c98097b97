#include "partition/ir/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "partition/ir/evaluate.h"
#include "partition/ir/shown_name.h"

namespace soliton::ir {

namespace {

std::string declared(const Input& input) {
  if (!input.ranked) return "?";
  std::vector<std::string> out;
  for (std::size_t axis = 0; axis < input.shape.size(); ++axis)
    out.push_back(input.shape[axis] != kOpen    ? std::to_string(input.shape[axis])
                  : input.symbols[axis].empty() ? "?"
                                                : shown_name(input.symbols[axis]));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

// Operators and constants of a graph and of the bodies in it; `before`: the name of what it is in.
void list(const Graph& graph, const std::string& before, GraphDescription& out) {
  for (const Value& value : graph.values) {
    if (!value.constant.present()) continue;
    out.constant_bytes += value.constant.bytes();
    if (is_real(value.constant.type())) out.parameters += value.constant.elements();
  }
  for (const Node& node : graph.nodes) {
    out.nodes.push_back({before + node.name, node.op, std::nullopt, ""});
    for (const Attribute& attribute : node.attributes)
      if (attribute.graph)
        list(*attribute.graph, fmt::format("{}{}/{}/", before, node.name, attribute.name), out);
  }
}

// Work and shapes of the nodes, if every input has a shape.
void measure(const Graph& graph, const std::vector<std::optional<Shape>>& shapes,
             GraphDescription& out) {
  std::vector<Array> inputs;
  for (std::size_t k = 0; k < graph.inputs.size(); ++k) {
    if (!shapes[k]) {
      out.open.push_back(fmt::format("input \"{}\" has the shape {}",
                                     shown_name(graph.name_of(graph.inputs[k].value)),
                                     declared(graph.inputs[k])));
      continue;
    }
    inputs.push_back(Array::unknown(graph.inputs[k].type, *shapes[k]));
  }
  if (!out.open.empty()) return;
  std::vector<NodeDescription*> own;  // by node of the graph itself: bodies stand behind theirs
  for (std::size_t i = 0; i < out.nodes.size() && own.size() < graph.nodes.size(); ++i)
    if (out.nodes[i].name == graph.nodes[own.size()].name &&
        out.nodes[i].type == graph.nodes[own.size()].op)
      own.push_back(&out.nodes[i]);
  Work sum;
  const Result<Outputs> outputs =
      evaluate(graph, inputs, [&](std::size_t node, const Call& call, const Outputs& made) {
        const Work work = work_of(*graph.nodes[node].kind, call, made);
        sum += work;
        own[node]->work = work;
        if (!made.empty() && made.front().present())
          own[node]->output = shape_text(made.front().shape());
        return true;
      });
  if (!outputs) {
    out.open.push_back(outputs.error().message);
    return;
  }
  out.work = sum;
  for (std::size_t k = 0; k < outputs->size(); ++k) {
    out.outputs[k].type = (*outputs)[k].type();
    out.outputs[k].shape = shape_text((*outputs)[k].shape());
  }
}

}  // namespace

GraphDescription describe(const Graph& graph, const std::vector<std::optional<Shape>>& inputs) {
  GraphDescription out;
  list(graph, "", out);
  for (std::size_t k = 0; k < graph.inputs.size(); ++k)
    out.inputs.push_back({graph.name_of(graph.inputs[k].value), graph.inputs[k].type,
                          inputs[k] ? shape_text(*inputs[k]) : declared(graph.inputs[k])});
  for (const ValueId id : graph.outputs)
    out.outputs.push_back({graph.name_of(id), ElementType::kNone, "?"});
  measure(graph, inputs, out);
  return out;
}

}  // namespace soliton::ir
