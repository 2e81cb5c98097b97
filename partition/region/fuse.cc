// Joins point-wise layers with the chain before them.
#include <algorithm>
#include <map>

#include "partition/ir/mfu_fit.h"
#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

std::vector<Opcode> opcodes_of(const DenseLayer& layer) {
  std::vector<Opcode> out;
  for (const PointOperation& operation : layer.operations) out.push_back(operation.opcode);
  return out;
}

bool reduces(const DenseLayer& layer) {
  return std::ranges::any_of(layer.operations,
                             [](const PointOperation& it) { return is_reduction(it.opcode); });
}

class Fusion {
 public:
  explicit Fusion(LayerGraph& model) : model_(model), into_(model.layers.size()) {
    for (std::size_t i = 0; i < into_.size(); ++i) into_[i] = i;
  }

  void run() {
    count_readers();
    for (std::size_t index = 0; index < model_.layers.size(); ++index) join(index);
    renumber();
  }

 private:
  void count_readers() {
    const auto count = [&](const LayerInput& input) {
      if (input.from == LayerInput::From::kLayer) ++readers_[input.index];
    };
    for (const Layer& layer : model_.layers)
      for (const LayerInput& input : all_inputs(layer)) count(input);
    for (const LayerInput& result : model_.results) count(result);
  }

  // The layer before moves behind what the later one reads, which nobody minds who reads neither.
  void join(std::size_t index) {
    auto* later = std::get_if<DenseLayer>(&model_.layers[index]);
    if (later == nullptr || later->has_product()) return;
    const LayerInput& input = later->inputs.front();
    if (input.from != LayerInput::From::kLayer || readers_[input.index] != 1) return;
    auto* earlier = std::get_if<DenseLayer>(&model_.layers[input.index]);
    if (earlier == nullptr || earlier->tokens != later->tokens ||
        earlier->per_step != later->per_step)
      return;
    if (reduces(*later) && (earlier->has_product() || !earlier->operations.empty())) return;
    std::vector<Opcode> all = opcodes_of(*earlier);
    for (const Opcode opcode : opcodes_of(*later)) all.push_back(opcode);
    if (!mfu_fit(!earlier->bias.shape.empty(), all)) return;
    into_[input.index] = index;
    DenseLayer joined = std::move(*earlier);
    for (PointOperation& operation : later->operations)
      joined.operations.push_back(std::move(operation));
    for (std::string& name : later->operators)
      if (std::ranges::find(joined.operators, name) == joined.operators.end())
        joined.operators.push_back(std::move(name));
    *later = std::move(joined);
  }

  void renumber() {
    std::vector<std::size_t> number(into_.size());
    std::vector<Layer> kept;
    for (std::size_t i = 0; i < into_.size(); ++i)
      if (into_[i] == i) {
        number[i] = kept.size();
        kept.push_back(std::move(model_.layers[i]));
      }
    const auto renamed = [&](LayerInput& input) {
      if (input.from == LayerInput::From::kLayer) input.index = number[input.index];
    };
    for (Layer& layer : kept) {
      std::visit([&](auto& it) { std::ranges::for_each(it.inputs, renamed); }, layer);
      if (auto* dense = std::get_if<DenseLayer>(&layer))
        for (PointOperation& operation : dense->operations)
          if (operation.operand) renamed(*operation.operand);
    }
    std::ranges::for_each(model_.results, renamed);
    // A source depends on layers before `after`: on those that were kept of them.
    for (LayerSource& source : model_.sources) {
      if (source.after == 0) continue;
      std::size_t last = source.after - 1;
      while (into_[last] != last) last = into_[last];
      source.after = number[last] + 1;
    }
    model_.layers = std::move(kept);
  }

  LayerGraph& model_;
  std::vector<std::size_t> into_;  // by layer: the one that took it up
  std::map<std::size_t, std::size_t> readers_;
};

}  // namespace

void fuse(LayerGraph& model) { Fusion(model).run(); }

}  // namespace soliton::region
