#include "partition/region/split_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "partition/region/emitter.h"

namespace soliton {
namespace {

using region::Emitter;
using region::Rule;
using region::Vectors;

std::vector<const Rule*> all_rules() {
  std::vector<const Rule*> out;
  for (const auto rules :
       {region::product_rules(), region::recurrent_rules(), region::point_rules(),
        region::function_rules(), region::movement_rules()})
    for (const Rule& rule : rules) out.push_back(&rule);
  return out;
}

const Rule* rule_of(const ir::Node& node) {
  static const std::vector<const Rule*> all = all_rules();
  const auto at = std::ranges::find(all, node.op, &Rule::op);
  return at == all.end() ? nullptr : *at;
}

class Split {
 public:
  explicit Split(const SplitRequest& request)
      : request_(request), graph_(*request.graph), emitter_(request) {
    out_.on_fpga.resize(graph_.nodes.size());
    out_.why.resize(graph_.nodes.size());
  }

  // Whether the split stands. If not, one more operator is to stay on the CPU.
  bool run(std::set<std::size_t>& refused) {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (refused.count(i) > 0) {
        out_.why[i] = "makes what only FPGAs could read as it lies there";
        continue;
      }
      emit(i);
    }
    if (const auto open = joined_for_cpu()) return refused.insert(*open), false;
    find_results();
    find_depths();
    region::fuse(emitter_.model());
    return true;
  }

  SplitModel take() {
    const std::optional<std::int64_t> turned = emitter_.turned_steps();
    out_.model = std::move(emitter_.model());
    out_.sources = emitter_.sources();
    Model& model = out_.model;
    if (request_.shapes->differ())
      model.fixed_steps = request_.shapes->steps();
    else
      count_by_steps(turned);
    return std::move(out_);
  }

 private:
  // Of requests of one shape: what has as many vectors as a recurrent layer has one for each step.
  void count_by_steps(std::optional<std::int64_t> turned) {
    Model& model = out_.model;
    model.fixed_steps = turned.value_or(0);
    for (const Layer& layer : model.layers)
      if (!turned && (std::holds_alternative<RecurrentLayer>(layer) || model.fixed_steps == 0))
        model.fixed_steps = std::max(model.fixed_steps, layer_tokens(layer));
    for (Layer& layer : model.layers)
      std::visit([&](auto& it) { it.per_step = it.tokens == model.fixed_steps; }, layer);
    for (ModelSource& source : model.sources) source.per_step = source.tokens == model.fixed_steps;
  }

  void emit(std::size_t index) {
    const ir::Node& node = graph_.nodes[index];
    std::string& why = out_.why[index];
    const Rule* rule = rule_of(node);
    if (!request_.on_cpu.empty() && request_.on_cpu[index]) {
      why = "is placed there";
    } else if (rule == nullptr) {
      why = "is an operator that no FPGA runs";
    } else if (!known(node)) {
      why = "has a shape that depends on a request";
    } else {
      const Emitter::Mark mark = emitter_.mark();
      const Status done = rule->emit(emitter_, node);
      out_.on_fpga[index] = done.has_value();
      if (done) return;
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

  bool on_cpu_side(ir::ValueId id) const {
    return std::ranges::find(graph_.outputs, id) != graph_.outputs.end() ||
           std::ranges::any_of(graph_.states,
                               [&](const ir::State& state) { return state.output == id; });
  }

  // A join of vectors that a CPU part reads would have to be made by one, and so would a number that
  // lies in all elements of a vector.
  std::optional<std::size_t> joined_for_cpu() const {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const ir::ValueId id = graph_.nodes[i].outputs.front();
      if (!out_.on_fpga[i] || id == ir::kAbsent) continue;
      const Vectors* vectors = emitter_.made(id);
      if (vectors == nullptr || !is_result(id)) continue;
      if (vectors->spread) return i;
      if (vectors->parts.size() > 1) return origin_of_join(i);
    }
    return std::nullopt;
  }

  // Movements hand a join on.
  std::size_t origin_of_join(std::size_t node) const {
    while (graph_.nodes[node].op != "Concat") {
      const ir::ValueId id = graph_.nodes[node].inputs.front();
      std::size_t from = 0;
      while (std::ranges::find(graph_.nodes[from].outputs, id) == graph_.nodes[from].outputs.end())
        ++from;
      node = from;
    }
    return node;
  }

  // Whether anything but FPGAs reads an array.
  bool is_result(ir::ValueId id) const {
    if (on_cpu_side(id)) return true;
    if (std::ranges::find(emitter_.sources(), id) != emitter_.sources().end()) return true;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      if (!out_.on_fpga[i] &&
          std::ranges::find(graph_.nodes[i].inputs, id) != graph_.nodes[i].inputs.end())
        return true;
    return false;
  }

  void find_results() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!out_.on_fpga[i]) continue;
      for (const ir::ValueId id : graph_.nodes[i].outputs) {
        const Vectors* vectors = id == ir::kAbsent ? nullptr : emitter_.made(id);
        if (vectors == nullptr || !is_result(id)) continue;
        out_.results.push_back(id);
        emitter_.model().results.push_back(vectors->parts.front());
      }
    }
  }

  // How many of the layers must run before an array can be there.
  void find_depths() {
    std::vector<std::size_t> depth(graph_.values.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      std::size_t deepest = 0;
      for (const ir::ValueId id : graph_.nodes[i].inputs)
        if (id != ir::kAbsent) deepest = std::max(deepest, depth[id]);
      for (const ir::ValueId id : graph_.nodes[i].outputs) {
        if (id == ir::kAbsent) continue;
        depth[id] = deepest;
        if (const Vectors* vectors = emitter_.made(id); vectors != nullptr)
          for (const LayerInput& part : vectors->parts)
            if (part.from == LayerInput::From::kLayer)
              depth[id] = std::max(depth[id], part.index + 1);
      }
    }
    for (std::size_t k = 0; k < emitter_.sources().size(); ++k)
      emitter_.model().sources[k].after = depth[emitter_.sources()[k]];
  }

  const SplitRequest& request_;
  const ir::Graph& graph_;
  Emitter emitter_;
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
