#include "partition/ir/layer_readers.h"

namespace soliton {

LayerReaders::LayerReaders(const LayerGraph& model) {
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer)
    for (const LayerInput& input : all_inputs(model.layers[layer]))
      of_[input].layers.push_back(layer);
  for (const LayerInput& result : model.results) of_[result].leaves = true;
}

std::span<const std::size_t> LayerReaders::layers(const LayerInput& vector) const {
  const auto at = of_.find(vector);
  return at == of_.end() ? std::span<const std::size_t>() : at->second.layers;
}

bool LayerReaders::leaves(const LayerInput& vector) const {
  const auto at = of_.find(vector);
  return at != of_.end() && at->second.leaves;
}

}  // namespace soliton
