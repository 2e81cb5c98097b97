#include "partition/ir/passes/tokens_first.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "partition/ir/graph_parts.h"
#include "partition/ir/passes/tidy.h"

namespace soliton::ir {
namespace {

using attribute::integers;

constexpr std::size_t kChannels = 1, kTokens = 2;  // axes

struct Reach {
  std::int64_t before = 0;           // tokens that the kernel reaches back
  std::vector<std::int64_t> pads{};  // at both ends
  bool in_front() const { return pads == std::vector<std::int64_t>{before, 0}; }
  // Causal if the end is cut off.
  bool at_both_ends() const { return before > 0 && pads == std::vector{before, before}; }
};

// Of a convolution along one axis that is causal but for its padding.
std::optional<Reach> reach_of(const Graph& graph, const Node& node) {
  if (node.op != "Conv" || node.inputs.size() < 2 || node.inputs[1] == kAbsent) return std::nullopt;
  const Array& weights = graph.values[node.inputs[1]].constant;
  if (!weights.known() || weights.rank() != 3) return std::nullopt;
  for (std::size_t k = 2; k < node.inputs.size(); ++k)
    if (node.inputs[k] != kAbsent && !graph.values[node.inputs[k]].constant.known())
      return std::nullopt;
  const auto dilations = node.integers("dilations", {1}), strides = node.integers("strides", {1});
  const auto pads = node.integers("pads", {0, 0});
  if (node.integer("group", 1) != 1 || node.text("auto_pad", "NOTSET") != "NOTSET" || !dilations ||
      dilations->size() != 1 || strides != std::vector<std::int64_t>{1} || !pads ||
      pads->size() != 2)
    return std::nullopt;
  return Reach{(weights.shape()[kTokens] - 1) * dilations->front(), *pads};
}

// Where a Slice ends that keeps the first tokens; nullopt: the node is none.
std::optional<std::int64_t> end_of_cut(const Graph& graph, const Node& node) {
  if (node.op != "Slice" || node.inputs.size() < 4 || node.inputs.size() > 5) return std::nullopt;
  std::array<std::int64_t, 5> numbers{0, 0, 0, 0, 1};  // of inputs 1 on: first, end, axis, step
  for (std::size_t k = 1; k < node.inputs.size(); ++k) {
    if (node.inputs[k] == kAbsent) continue;
    const Array& it = graph.values[node.inputs[k]].constant;
    if (!it.known() || it.elements() != 1) return std::nullopt;
    numbers.at(k) = converted(it, ElementType::kInt64).as<std::int64_t>().front();
  }
  const bool tokens = numbers[3] == static_cast<std::int64_t>(kTokens) || numbers[3] == -1;
  if (numbers[1] != 0 || !tokens || numbers[4] != 1) return std::nullopt;
  return numbers[2];
}

// An array with zeros in front of its tokens.
struct Padded {
  ValueId from = kAbsent;
  std::int64_t before = 0;
};
std::optional<Padded> padded_by(const Graph& graph, const Node& node) {
  if (node.op != "Pad" || node.text("mode", "constant") != "constant" || node.inputs.size() < 2 ||
      node.inputs.size() > 3 || std::ranges::count(node.inputs, kAbsent) > 0)
    return std::nullopt;
  if (node.inputs.size() == 3) {
    const Array& value = graph.values[node.inputs[2]].constant;
    if (!value.known() || value.elements() != 1 || !is_real(value.type()) ||
        converted(value, ElementType::kFloat32).as<float>().front() != 0)
      return std::nullopt;
  }
  const Array& pads = graph.values[node.inputs[1]].constant;
  if (!pads.known() || pads.type() != ElementType::kInt64 || pads.elements() != 6)
    return std::nullopt;
  const auto numbers = pads.as<std::int64_t>();
  const std::int64_t before = numbers[kTokens];
  if (before < 1 || std::ranges::count(numbers, 0) != 5) return std::nullopt;
  return Padded{node.inputs[0], before};
}

// How the values of a graph are read before it changes.
struct Uses {
  explicit Uses(const Graph& graph) : readers(graph.values.size()) {
    for (const ValueId id : graph.outputs) ++readers[id];
    for (const State& state : graph.states) ++readers[state.output];
    for (const Node& node : graph.nodes) {
      for (const ValueId id : node.inputs)
        if (id != kAbsent) ++readers[id];
      if (const auto end = end_of_cut(graph, node)) ends[node.inputs[0]] = *end;
      if (const auto from = padded_by(graph, node)) padded[node.outputs[0]] = *from;
      const auto reach = reach_of(graph, node);
      if (reach && is_padded(node.inputs[0], *reach))
        slid_over.insert(padded.at(node.inputs[0]).from);
      if (reach && reach->before > 0 && (reach->in_front() || reach->at_both_ends()))
        slid_over.insert(node.inputs[0]);
    }
  }

  // Whether the zeros that the convolution reads in front are there already.
  bool is_padded(ValueId id, const Reach& reach) const {
    const auto at = padded.find(id);
    return at != padded.end() && at->second.before == reach.before &&
           std::ranges::count(reach.pads, 0) == 2;
  }

  std::vector<std::size_t> readers;      // by value: how many
  std::map<ValueId, Padded> padded;      // by array
  std::map<ValueId, std::int64_t> ends;  // by array: where a cut of it ends
  std::set<ValueId> slid_over;           // by convolutions of several taps
};

class Rewriter {
 public:
  Rewriter(Graph& graph, const RequestShapes& shapes)
      : graph_(graph), shapes_(shapes), uses_(graph) {}

  void run() {
    if (uses_.slid_over.empty()) return;
    for (Node& node : std::vector<Node>(std::move(graph_.nodes))) {
      if (transposition(node) || convolution(node) || cut(node) || point(node)) continue;
      nodes_.push_back(std::move(node));
    }
    graph_.nodes = std::move(nodes_);
    if (any_) remove_unused(graph_);
  }

 private:
  const Array& array(ValueId id) const {
    static const Array kNone;
    return id < shapes_.arrays.size() ? shapes_.arrays[id] : kNone;
  }
  // Several tokens of one sequence, whose channels are the same in every request.
  bool is_sequence(ValueId id) const {
    const Array& it = array(id);
    return it.present() && it.rank() == 3 && it.shape()[0] == 1 && it.shape()[kTokens] > 1 &&
           it.shape()[kChannels] > 1 && is_real(it.type()) && !shapes_.is_open(id, 0) &&
           !shapes_.is_open(id, kChannels);
  }

  ValueId transpose(const std::string& name, ValueId from) {
    const ValueId to = add_value(graph_, name);
    transpose_into(name, from, to);
    return to;
  }
  void transpose_into(const std::string& name, ValueId from, ValueId to) {
    nodes_.push_back(make_node(name, "Transpose", {from}, {to}, {integers("perm", {0, 2, 1})}));
  }
  // The array with tokens first.
  ValueId turned(const std::string& name, ValueId id) {
    const auto [at, fresh] = turned_.try_emplace(id, kAbsent);
    if (fresh) at->second = transpose(name, id);
    return at->second;
  }
  // `made` has tokens first, and `id` is its array for those who want channels first.
  void give(const std::string& name, ValueId made, ValueId id) {
    turned_[id] = made;
    transpose_into(name + ".back", made, id);
    any_ = true;
  }

  // What the model transposes itself needs nobody else.
  bool transposition(const Node& node) {
    if (node.op != "Transpose" || node.integers("perm", {}) != std::vector<std::int64_t>{0, 2, 1})
      return false;
    const auto known = turned_.find(node.inputs[0]);
    if (known == turned_.end()) {
      if (is_sequence(node.outputs[0])) turned_[node.outputs[0]] = node.inputs[0];
      return false;
    }
    nodes_.push_back(make_node(node.name, "Identity", {known->second}, {node.outputs[0]}));
    return true;
  }

  bool convolution(Node& node) {
    const std::optional<Reach> reach = reach_of(graph_, node);
    if (!reach) return false;
    const bool padded = uses_.is_padded(node.inputs[0], *reach);
    const bool both = reach->at_both_ends();
    if (!padded && !both && !reach->in_front()) return false;
    const ValueId in = padded ? uses_.padded.at(node.inputs[0]).from : node.inputs[0];
    const ValueId out = node.outputs[0];
    if (!is_sequence(in) || (both && !is_cut(in, out, reach->before))) return false;
    // One tap is a product that goes along with others, and does not begin anything: the work beside it
    // may be no FPGA's.
    if (reach->before == 0 && turned_.count(in) == 0 && uses_.slid_over.count(in) == 0)
      return false;
    std::erase_if(node.attributes, [](const Attribute& it) { return it.name == "pads"; });
    node.attributes.push_back(integers("pads", {reach->before, 0}));
    const std::string name = node.name;
    const ValueId tokens = turned(name + ".tokens", in);
    node.inputs[0] = transpose(name + ".channels", tokens);
    const ValueId made = add_value(graph_, name + ".made");
    node.outputs[0] = made;
    nodes_.push_back(std::move(node));
    const ValueId first = transpose(name + ".first", made);
    if (both)
      cut_[out] = first;
    else
      give(name, first, out);
    return true;
  }

  // Whether nothing is read of a convolution but as many tokens as it reads itself.
  bool is_cut(ValueId in, ValueId out, std::int64_t before) const {
    const auto end = uses_.ends.find(out);
    if (uses_.readers[out] != 1 || end == uses_.ends.end()) return false;
    return end->second == -before ||
           (!shapes_.is_open(in, kTokens) && end->second == array(in).shape()[kTokens]);
  }

  bool cut(const Node& node) {
    const auto at = node.op == "Slice" ? cut_.find(node.inputs[0]) : cut_.end();
    if (at == cut_.end()) return false;
    turned_[node.outputs[0]] = at->second;
    transpose_into(node.name, at->second, node.outputs[0]);
    any_ = true;
    return true;
  }

  bool is_number(ValueId id) const {
    const Array& it = graph_.values[id].constant;
    return it.present() && it.elements() == 1;
  }

  // Arrays of one shape, of which one at least has tokens first, and numbers.
  bool point(Node& node) {
    static constexpr std::array kPoints = {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip",    "Add",
                                           "Sub",  "Mul",     "Max",  "Min",       "Identity"};
    if (std::ranges::find(kPoints, node.op) == kPoints.end() || !is_sequence(node.outputs[0]))
      return false;
    bool any = false;
    for (const ValueId id : node.inputs) {
      if (id == kAbsent || is_number(id)) continue;
      if (graph_.values[id].constant.present() || !is_sequence(id) ||
          array(id).shape() != array(node.outputs[0]).shape())
        return false;
      any = any || turned_.count(id) > 0;
    }
    if (!any) return false;
    const std::string name = node.name;
    for (ValueId& id : node.inputs)
      if (id != kAbsent && !is_number(id)) id = turned(name + ".tokens", id);
    const ValueId out = node.outputs[0];
    const ValueId made = add_value(graph_, name + ".first");
    node.outputs[0] = made;
    nodes_.push_back(std::move(node));
    give(name, made, out);
    return true;
  }

  Graph& graph_;
  const RequestShapes& shapes_;
  const Uses uses_;
  std::vector<Node> nodes_;
  std::map<ValueId, ValueId> turned_,
      cut_;  // by array: the same, or its beginning, with tokens first
  bool any_ = false;
};

}  // namespace

bool is_causal(const Graph& graph, const Node& node) {
  const std::optional<Reach> reach = reach_of(graph, node);
  return reach && reach->in_front();
}

void tokens_first(Graph& graph, const RequestShapes& shapes) { Rewriter(graph, shapes).run(); }

}  // namespace soliton::ir
