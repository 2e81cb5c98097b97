#include "partition/region/split_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "partition/ir/shown_name.h"
#include "partition/region/emitter.h"

namespace soliton {
namespace {

using region::Emitter;
using region::Rule;
using region::Vectors;

std::vector<const Rule*> all_rules() {
  std::vector<const Rule*> out;
  for (const auto rules :
       {region::product_rules(), region::convolution_rules(), region::recurrent_rules(),
        region::point_rules(), region::function_rules(), region::movement_rules()})
    for (const Rule& rule : rules) out.push_back(&rule);
  return out;
}

const Rule* rule_of(const ir::Node& node) {
  static const std::vector<const Rule*> all = all_rules();
  const auto at = std::ranges::find(all, node.op, &Rule::op);
  return at == all.end() ? nullptr : *at;
}

// Of layers `first` and behind.
void name_operator(LayerGraph& model, std::size_t first, const std::string& name) {
  for (std::size_t i = first; i < model.layers.size(); ++i)
    std::visit([&](auto& layer) { layer.operators = {name}; }, model.layers[i]);
}

// Movements hand a join on.
std::size_t origin_of_join(const ir::Graph& graph, std::size_t node) {
  while (graph.nodes[node].op != "Concat") {
    const ir::ValueId id = graph.nodes[node].inputs.front();
    std::size_t from = 0;
    while (std::ranges::find(graph.nodes[from].outputs, id) == graph.nodes[from].outputs.end())
      ++from;
    node = from;
  }
  return node;
}

// How many of the layers must run before the array of a source can be there.
void find_depths(const ir::Graph& graph, Emitter& emitter) {
  std::vector<std::size_t> depth(graph.values.size());
  for (const ir::Node& node : graph.nodes) {
    std::size_t deepest = 0;
    for (const ir::ValueId id : node.inputs)
      if (id != ir::kAbsent) deepest = std::max(deepest, depth[id]);
    for (const ir::ValueId id : node.outputs) {
      if (id == ir::kAbsent) continue;
      depth[id] = deepest;
      const Vectors* vectors = emitter.made(id);
      if (vectors == nullptr) continue;
      for (const LayerInput& part : vectors->parts)
        if (part.from == LayerInput::From::kLayer) depth[id] = std::max(depth[id], part.index + 1);
    }
  }
  for (std::size_t k = 0; k < emitter.sources().size(); ++k)
    emitter.model().sources[k].after = depth[emitter.sources()[k]];
}

// An output that a rule does not make would never come.
Status made_all(const Emitter& emitter, const ir::Node& node) {
  for (std::size_t k = 0; k < node.outputs.size(); ++k)
    if (node.wants(k) && emitter.made(node.outputs[k]) == nullptr &&
        emitter.stream(node.outputs[k]) == nullptr && emitter.turned(node.outputs[k]) == nullptr)
      return invalid(fmt::format("also gives \"{}\", which no FPGA makes",
                                 shown_name(emitter.graph().name_of(node.outputs[k]))));
  return {};
}

class Split {
 public:
  explicit Split(const SplitRequest& request)
      : request_(request), graph_(*request.graph), emitter_(request) {
    out_.on_fpga.resize(graph_.nodes.size());
    out_.why.resize(graph_.nodes.size());
  }

  // Whether the split stands. If not, more operators are to stay on the CPU.
  bool run(std::set<std::size_t>& refused) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (refused.count(i) > 0) {
        out_.why[i] = "makes what only FPGAs could read as it lies there";
        continue;
      }
      emit(i);
    }
    find_wanted();
    const std::set<std::size_t> open = joined_for_cpu();
    refused.insert(open.begin(), open.end());
    if (!open.empty()) return false;
    find_results();
    find_depths(graph_, emitter_);
    region::fuse(emitter_.model());
    return true;
  }

  SplitModel take() {
    const std::optional<std::int64_t> turned = emitter_.turned_steps();
    out_.fpga = std::move(emitter_.model());
    out_.sources = emitter_.sources();
    LayerGraph& model = out_.fpga;
    if (request_.shapes->differ())
      model.fixed_steps = request_.shapes->steps();
    else
      count_by_steps(turned);
    return std::move(out_);
  }

 private:
  // Of requests of one shape: what has as many vectors as a recurrent layer has one for each step.
  void count_by_steps(std::optional<std::int64_t> turned) {
    LayerGraph& model = out_.fpga;
    model.fixed_steps = turned.value_or(0);
    for (const Layer& layer : model.layers)
      if (!turned && (std::holds_alternative<RecurrentLayer>(layer) || model.fixed_steps == 0))
        model.fixed_steps = std::max(model.fixed_steps, layer_tokens(layer));
    for (Layer& layer : model.layers)
      std::visit([&](auto& it) { it.per_step = it.tokens == model.fixed_steps; }, layer);
    for (LayerSource& source : model.sources) source.per_step = source.tokens == model.fixed_steps;
  }

  void emit(std::size_t index) {
    const ir::Node& node = graph_.nodes[index];
    std::string& why = out_.why[index];
    const Rule* rule = rule_of(node);
    if (request_.pinned(index)) {
      why = "is placed there";
    } else if (rule == nullptr) {
      why = "is an operator that no FPGA runs";
    } else if (!known(node)) {
      why = "has a shape that depends on a request";
    } else {
      const Emitter::Mark mark = emitter_.mark();
      Status done = rule->emit(emitter_, node);
      if (done) done = made_all(emitter_, node);
      const region::Stream* stream = emitter_.stream(node.outputs.front());
      if (done && stream != nullptr && stream->also_on_cpu) {
        why = "gives others the state that FPGAs keep for themselves";
        return;
      }
      out_.on_fpga[index] = done.has_value();
      if (done) return name_operator(emitter_.model(), mark.layers, node.name);
      emitter_.back_to(mark);
      why = done.error().message;
    }
  }

  // Whether all that the operator reads and makes has a shape.
  bool known(const ir::Node& node) const {
    const auto there = [&](ir::ValueId id) {
      return id == ir::kAbsent || emitter_.array(id).present();
    };
    return std::ranges::all_of(node.inputs, there) && std::ranges::all_of(node.outputs, there);
  }

  // Which arrays anything but FPGAs reads. Views that only they read are nobody's work.
  void find_wanted() {
    wanted_.assign(graph_.values.size(), false);
    for (const ir::ValueId id : graph_.outputs) wanted_[id] = true;
    for (const ir::ValueId id : emitter_.sources()) wanted_[id] = true;
    for (std::size_t s = 0; s < graph_.states.size(); ++s)
      if (std::ranges::find(emitter_.kept(), s) == emitter_.kept().end())
        wanted_[graph_.states[s].output] = true;
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      const ir::Node& node = graph_.nodes[i];
      if (out_.on_fpga[i]) continue;
      const bool wanted = std::ranges::any_of(
          node.outputs, [&](ir::ValueId id) { return id != ir::kAbsent && wanted_[id]; });
      if (!wanted && !request_.pinned(i) && region::keeps_order(emitter_, node)) {
        out_.on_fpga[i] = true;
        out_.why[i].clear();
        continue;
      }
      for (const ir::ValueId id : node.inputs)
        if (id != ir::kAbsent) wanted_[id] = true;
    }
  }

  // A join of vectors that a CPU part reads would have to be made by one, and so would a stream with
  // its state, columns, and a number that lies in all elements of a vector.
  std::set<std::size_t> joined_for_cpu() const {
    std::set<std::size_t> out;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const ir::ValueId id = graph_.nodes[i].outputs.front();
      if (out_.on_fpga[i] && id != ir::kAbsent && wanted_[id] &&
          (emitter_.stream(id) != nullptr || emitter_.turned(id) != nullptr))
        out.insert(i);
      const Vectors* vectors = out_.on_fpga[i] && id != ir::kAbsent ? emitter_.made(id) : nullptr;
      if (vectors == nullptr || !wanted_[id]) continue;
      if (vectors->spread)
        out.insert(i);
      else if (vectors->parts.size() > 1)
        out.insert(origin_of_join(graph_, i));
    }
    return out;
  }

  void find_results() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!out_.on_fpga[i]) continue;
      for (const ir::ValueId id : graph_.nodes[i].outputs) {
        const Vectors* vectors = id == ir::kAbsent ? nullptr : emitter_.made(id);
        if (vectors == nullptr || !wanted_[id]) continue;
        out_.results.push_back(id);
        emitter_.model().results.push_back(vectors->parts.front());
      }
    }
  }

  const SplitRequest& request_;
  const ir::Graph& graph_;
  Emitter emitter_;
  std::vector<bool> wanted_;  // by value
  SplitModel out_;
};

}  // namespace

std::vector<FpgaOperator> fpga_operators() {
  std::vector<FpgaOperator> out;
  for (const Rule* rule : all_rules()) out.push_back({rule->op, rule->needs});
  std::ranges::sort(out, {}, &FpgaOperator::name);
  return out;
}

SplitModel split_model(const SplitRequest& request) {
  std::set<std::size_t> refused;
  while (true) {
    Split split(request);
    if (split.run(refused)) return split.take();
  }
}

}  // namespace soliton
