#include "partition/ir/passes/sequences.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

#include "partition/ir/graph_parts.h"

namespace soliton::ir {
namespace {

using attribute::integers;

constexpr std::size_t kSequence = 0, kLengths = 4, kHidden = 5, kCell = 6;  // inputs

bool is_recurrent(const Node& node) {
  return node.op == "LSTM" || node.op == "GRU" || node.op == "RNN";
}

bool batches_first(const Node& node) { return node.integer("layout", 0).value_or(0) == 1; }

// Rewrites the nodes of a graph one by one, with others in front of them and behind.
class Rewriter {
 public:
  Rewriter(Graph& graph, const RequestShapes& shapes) : graph_(graph), shapes_(shapes) {}

  void run() {
    for (Node& node : std::vector<Node>(std::move(graph_.nodes))) {
      std::vector<Node> behind;
      if (is_recurrent(node)) {
        if (batches_first(node)) steps_first(node, behind);
        count_all_steps(node, behind);
      }
      nodes_.push_back(std::move(node));
      for (std::size_t i = behind.size(); i-- > 0;) nodes_.push_back(std::move(behind[i]));
    }
    graph_.nodes = std::move(nodes_);
  }

 private:
  ValueId value(const std::string& name) { return add_value(graph_, name); }
  ValueId constant(const std::string& name, std::vector<std::int64_t> values) {
    return add_constant(graph_, name, Array::integers(std::move(values)));
  }

  // `axes`: of the node's form, by axis of what comes.
  void transpose_input(Node& node, std::size_t input, std::vector<std::int64_t> axes) {
    if (input >= node.inputs.size() || node.inputs[input] == kAbsent) return;
    const std::string name = node.name + ".in" + std::to_string(input);
    const ValueId turned = value(name);
    Node before = make_node(name, "Transpose", {node.inputs[input]}, {turned},
                            {integers("perm", std::move(axes))});
    nodes_.push_back(std::move(before));
    node.inputs[input] = turned;
  }
  void transpose_output(Node& node, std::size_t output, std::vector<std::int64_t> axes,
                        std::vector<Node>& behind) {
    if (!node.wants(output)) return;
    const std::string name = node.name + ".out" + std::to_string(output);
    const ValueId made = value(name);
    Node after = make_node(name, "Transpose", {made}, {node.outputs[output]},
                           {integers("perm", std::move(axes))});
    behind.push_back(std::move(after));
    node.outputs[output] = made;
  }
  void steps_first(Node& node, std::vector<Node>& behind) {
    std::erase_if(node.attributes, [](const Attribute& it) { return it.name == "layout"; });
    transposed_steps_ = node.inputs[kSequence];
    transpose_input(node, kSequence, {1, 0, 2});
    transpose_input(node, kHidden, {1, 0, 2});
    transpose_input(node, kCell, {1, 0, 2});
    transpose_output(node, 0, {2, 0, 1, 3}, behind);
    transpose_output(node, 1, {1, 0, 2}, behind);
    transpose_output(node, 2, {1, 0, 2}, behind);
  }

  // The extent of the steps of every request; nullopt: they differ, or are not known.
  std::optional<std::int64_t> steps_of(const Node& node) {
    const bool turned = transposed_steps_ != kAbsent;
    const ValueId id = turned ? transposed_steps_ : node.inputs[kSequence];
    transposed_steps_ = kAbsent;
    const std::size_t axis = turned ? 1 : 0;
    const Array& x = id < shapes_.arrays.size() ? shapes_.arrays[id] : Array();
    if (!x.present() || x.rank() != 3 || shapes_.is_open(id, axis)) return std::nullopt;
    return x.shape()[axis];
  }

  void count_all_steps(Node& node, std::vector<Node>& behind) {
    const std::optional<std::int64_t> steps = steps_of(node);
    if (!steps || node.inputs.size() <= kLengths || node.inputs[kLengths] == kAbsent) return;
    const Array lengths =
        converted(graph_.values[node.inputs[kLengths]].constant, ElementType::kInt64);
    if (!lengths.known() || lengths.elements() == 0) return;
    const auto values = lengths.as<std::int64_t>();
    const std::int64_t count = values.front();
    if (count < 1 || count > *steps ||
        std::ranges::any_of(values, [&](std::int64_t it) { return it != count; }))
      return;
    node.inputs[kLengths] = kAbsent;
    if (count == *steps) return;
    cut_input(node, count);
    if (node.wants(0)) pad_output(node, *steps - count, behind);
  }

  // Operators took these numbers as attributes in early versions.
  void cut_input(Node& node, std::int64_t count) {
    constexpr std::int64_t kByInputs = 10;
    const std::string name = node.name + ".steps";
    const ValueId cut = value(name);
    Node before = make_node(name, "Slice", {node.inputs[kSequence]}, {cut});
    if (graph_.opset < kByInputs) {
      before.attributes = {integers("starts", {0}), integers("ends", {count}),
                           integers("axes", {0})};
    } else {
      before.inputs.push_back(constant(name + ".first", {0}));
      before.inputs.push_back(constant(name + ".end", {count}));
      before.inputs.push_back(constant(name + ".axis", {0}));
    }
    nodes_.push_back(std::move(before));
    node.inputs[kSequence] = cut;
  }
  void pad_output(Node& node, std::int64_t more, std::vector<Node>& behind) {
    constexpr std::int64_t kByInputs = 11;
    const std::string name = node.name + ".padded";
    const ValueId made = value(name);
    Node after = make_node(name, "Pad", {made}, {node.outputs[0]});
    const std::vector<std::int64_t> pads{0, 0, 0, 0, more, 0, 0, 0};
    if (graph_.opset < kByInputs)
      after.attributes = {integers("pads", pads)};
    else
      after.inputs.push_back(constant(name + ".pads", pads));
    behind.push_back(std::move(after));
    node.outputs[0] = made;
  }

  Graph& graph_;
  const RequestShapes& shapes_;
  std::vector<Node> nodes_;
  ValueId transposed_steps_ = kAbsent;  // the sequence of the node before it was transposed
};

// Whether the value is read, and only as the lengths of recurrent operators.
bool only_lengths(const Graph& graph, ValueId id) {
  bool any = false;
  for (const Node& node : graph.nodes)
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      if (node.inputs[k] != id) continue;
      if (!is_recurrent(node) || k != kLengths) return false;
      any = true;
    }
  return any && std::ranges::find(graph.outputs, id) == graph.outputs.end();
}

}  // namespace

std::vector<StepAxis> drop_length_inputs(Graph& graph,
                                         const std::function<bool(const std::string&)>& fed) {
  std::vector<ValueId> dropped;
  for (const Input& input : graph.inputs)
    if (!fed(graph.name_of(input.value)) && only_lengths(graph, input.value))
      dropped.push_back(input.value);
  const auto is_dropped = [&](ValueId id) {
    return std::ranges::find(dropped, id) != dropped.end();
  };
  std::erase_if(graph.inputs, [&](const Input& input) { return is_dropped(input.value); });
  std::vector<StepAxis> out;
  for (Node& node : graph.nodes) {
    if (!is_recurrent(node) || node.inputs.size() <= kLengths || !is_dropped(node.inputs[kLengths]))
      continue;
    node.inputs[kLengths] = kAbsent;
    const auto at = std::ranges::find(graph.inputs, node.inputs[kSequence], &Input::value);
    if (at == graph.inputs.end()) continue;
    const StepAxis axis{static_cast<std::size_t>(at - graph.inputs.begin()),
                        batches_first(node) ? 1U : 0U};
    if (std::ranges::find(out, axis) == out.end()) out.push_back(axis);
  }
  return out;
}

void plain_sequences(Graph& graph, const RequestShapes& shapes) { Rewriter(graph, shapes).run(); }

}  // namespace soliton::ir
