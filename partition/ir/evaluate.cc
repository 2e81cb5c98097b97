#include "partition/ir/evaluate.h"

#include <fmt/format.h>

#include "partition/ir/shown_name.h"

namespace soliton::ir {

namespace {

// How often each value is still read, so that its memory can be released with the last reader.
std::vector<std::uint32_t> readers(const Graph& graph) {
  std::vector<std::uint32_t> out(graph.values.size());
  for (const Node& node : graph.nodes)
    for (const ValueId id : node.inputs)
      if (id != kAbsent) ++out[id];
  for (const ValueId id : graph.outputs) ++out[id];
  return out;
}

std::vector<Array> begin_with(const Graph& graph, std::span<const Array> inputs) {
  SOLITON_CHECK_MSG(inputs.size() == graph.inputs.size(), "{} != {}", inputs.size(),
                    graph.inputs.size());
  std::vector<Array> arrays(graph.values.size());
  for (ValueId id = 0; id < arrays.size(); ++id) arrays[id] = graph.values[id].constant;
  for (std::size_t k = 0; k < inputs.size(); ++k) arrays[graph.inputs[k].value] = inputs[k];
  return arrays;
}

std::vector<Array> gather(const Node& node, const std::vector<Array>& arrays) {
  std::vector<Array> in;
  in.reserve(node.inputs.size());
  for (const ValueId id : node.inputs) in.push_back(id == kAbsent ? Array() : arrays[id]);
  return in;
}

void scatter(const Node& node, const Outputs& outputs, std::vector<Array>& arrays) {
  for (std::size_t k = 0; k < node.outputs.size(); ++k)
    if (node.outputs[k] != kAbsent) arrays[node.outputs[k]] = outputs[k];
}

Error named(const Node& node, const Error& error) {
  return {error.code, fmt::format("node \"{}\" ({}) {}", shown_name(node.name), shown_name(node.op),
                                  error.message)};
}

// An optional output that an operator cannot make is an error only where somebody wants it.
Status check_outputs(const Node& node, const Outputs& outputs) {
  for (std::size_t k = 0; k < node.outputs.size(); ++k)
    if (node.wants(k) && (k >= outputs.size() || !outputs[k].present()))
      return invalid(fmt::format("does not support its output {}", k));
  return {};
}

}  // namespace

Result<Outputs> apply_node(const Graph& graph, const Node& node, std::span<const Array> inputs,
                           std::int64_t most_elements) {
  const Call call{node, inputs, graph.opset, most_elements};
  Result<Outputs> outputs = node.kind->apply(call);
  if (!outputs) return tl::unexpected(named(node, outputs.error()));
  if (const Status complete = check_outputs(node, *outputs); !complete)
    return tl::unexpected(named(node, complete.error()));
  return outputs;
}

Result<Outputs> evaluate(const Graph& graph, std::span<const Array> inputs,
                         const Observer& observer) {
  std::vector<Array> arrays = begin_with(graph, inputs);
  std::vector<std::uint32_t> left = readers(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const std::vector<Array> in = gather(node, arrays);
    Result<Outputs> outputs = apply_node(graph, node, in);
    if (!outputs) return outputs;
    if (observer && !observer(i, Call{node, in, graph.opset}, *outputs))
      return tl::unexpected(
          named(node, Error{ErrorCode::kInvalid, "was the last that was wanted"}));
    scatter(node, *outputs, arrays);
    for (const ValueId id : node.inputs)
      if (id != kAbsent && --left[id] == 0) arrays[id] = Array();
  }
  Outputs out;
  for (const ValueId id : graph.outputs) out.push_back(arrays[id]);
  return out;
}

namespace {

// Keeps the elements of `outputs` as long as all that are kept are within what one operator may make:
// a small file can ask for any number of large constants.
void keep_within(Outputs& outputs, std::int64_t& left) {
  for (Array& output : outputs) {
    if (!output.known()) continue;
    if (output.elements() > left)
      output = output.forgotten();
    else
      left -= output.elements();
  }
}

// Numbers that an input picks from a table are the model's work in every request, also where all requests
// pick the same: nothing is to follow from them.
void forget_look_ups(const Graph& graph, const Node& node, Outputs& outputs) {
  if (node.op != "Gather" || graph.values[node.inputs[1]].constant.present()) return;
  for (Array& output : outputs)
    if (is_real(output.type())) output = output.forgotten();
}

std::vector<Array> infer_into(const Graph& graph, std::vector<Array> arrays, Diagnostics& found) {
  std::int64_t left = kMostElements;
  for (const Node& node : graph.nodes) {
    const std::vector<Array> in = gather(node, arrays);
    bool reachable = true;
    for (std::size_t k = 0; k < in.size(); ++k)
      reachable = reachable && (node.inputs[k] == kAbsent || in[k].present());
    if (!reachable) continue;  // behind a node that failed
    if (Result<Outputs> outputs = apply_node(graph, node, in)) {
      forget_look_ups(graph, node, *outputs);
      keep_within(*outputs, left);
      scatter(node, *outputs, arrays);
    } else {
      found.add(outputs.error());
    }
  }
  return arrays;
}

}  // namespace

Checked<std::vector<Array>> infer(const Graph& graph, std::span<const Array> inputs) {
  Diagnostics found;
  std::vector<Array> arrays = infer_into(graph, begin_with(graph, inputs), found);
  if (!found.empty()) return tl::unexpected(std::move(found));
  return arrays;
}

std::vector<Array> infer_partly(const Graph& graph, std::span<const Array> inputs) {
  Diagnostics found;
  return infer_into(graph, begin_with(graph, inputs), found);
}

}  // namespace soliton::ir
