#include "partition/ir/passes/fold.h"

#include <algorithm>

#include "partition/ir/evaluate.h"

namespace soliton::ir {

namespace {

class Folder {
 public:
  explicit Folder(Graph& graph) : graph_(graph), left_(kMostFolded) {
    for (const Value& value : graph.values)
      if (value.constant.present()) left_ += 4 * value.constant.elements();
  }

  void run() {
    std::vector<Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (Node& node : nodes) visit(std::move(node));
    for (ValueId& output : graph_.outputs) output = renamed(output);
  }

 private:
  ValueId renamed(ValueId id) const {
    while (id != kAbsent && id < alias_.size() && alias_[id] != kAbsent) id = alias_[id];
    return id;
  }

  void visit(Node node) {
    for (ValueId& input : node.inputs) input = renamed(input);
    if (const Graph* taken = branch_taken(node))
      inline_body(node, *taken);
    else if (!fold(node))
      graph_.nodes.push_back(std::move(node));
  }

  const Array& constant(ValueId id) const {
    static const Array absent;
    return id == kAbsent ? absent : graph_.values[id].constant;
  }

  // Whether the node became constants.
  bool fold(const Node& node) {
    if (node.kind == nullptr) return false;
    std::vector<Array> inputs;
    for (const ValueId id : node.inputs) {
      if (id != kAbsent && !constant(id).known()) return false;
      inputs.push_back(constant(id));
    }
    const Result<Outputs> outputs = apply_node(graph_, node, inputs, left_);
    if (!outputs) return false;
    for (std::size_t k = 0; k < node.outputs.size(); ++k)
      if (node.wants(k) && !(*outputs)[k].known()) return false;
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      if (!node.wants(k)) continue;
      left_ -= (*outputs)[k].elements();
      graph_.values[node.outputs[k]].constant = (*outputs)[k];
    }
    return true;
  }

  // The body of an If whose condition is known.
  const Graph* branch_taken(const Node& node) const {
    if (node.op != "If" || node.inputs.empty()) return nullptr;
    const Array& condition = constant(node.inputs[0]);
    if (!condition.known() || condition.type() != ElementType::kBool || condition.elements() != 1)
      return nullptr;
    const Attribute* branch =
        node.find(condition.as<Bool>()[0].value ? "then_branch" : "else_branch");
    if (branch == nullptr || !branch->graph) return nullptr;
    const Graph& body = *branch->graph;
    const bool fits = node.inputs.size() == node.captured + 1 &&
                      body.inputs.size() == node.captured &&
                      body.outputs.size() == node.outputs.size();
    return fits ? &body : nullptr;
  }

  // The body's nodes take the place of the node; its values are added to the graph's.
  void inline_body(const Node& node, const Graph& body) {
    std::vector<ValueId> to(body.values.size(), kAbsent);
    for (std::size_t k = 0; k < body.inputs.size(); ++k)
      to[body.inputs[k].value] = node.inputs[1 + k];
    for (ValueId id = 0; id < to.size(); ++id) {
      if (to[id] != kAbsent) continue;
      to[id] = static_cast<ValueId>(graph_.values.size());
      graph_.values.push_back(body.values[id]);
    }
    for (const Node& inner : body.nodes) {
      Node copy = inner;
      for (ValueId& id : copy.inputs) id = id == kAbsent ? id : to[id];
      for (ValueId& id : copy.outputs) id = id == kAbsent ? id : to[id];
      visit(std::move(copy));
    }
    for (std::size_t k = 0; k < node.outputs.size(); ++k) {
      if (!node.wants(k)) continue;
      alias_.resize(graph_.values.size(), kAbsent);
      alias_[node.outputs[k]] = renamed(to[body.outputs[k]]);
    }
  }

  Graph& graph_;
  std::int64_t left_;
  std::vector<ValueId> alias_;  // the outputs of replaced nodes, as what took their place
};

}  // namespace

void fold_constants(Graph& graph) { Folder(graph).run(); }

}  // namespace soliton::ir
