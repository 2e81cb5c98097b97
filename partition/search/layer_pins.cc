#include "partition/search/layer_pins.h"

#include <algorithm>
#include <map>

#include "partition/search/partition.h"

namespace soliton {

LayerPins::LayerPins(const PartitionRequest& request) {
  const auto& only_on = request.constraints.only_on;
  if (std::ranges::all_of(only_on, [](const auto& nodes) { return nodes.empty(); })) return;
  // Restrictions, each once, in the order of the layers; and that of each layer.
  std::map<std::vector<std::size_t>, std::size_t> number;
  std::vector<std::vector<std::size_t>> restrictions;
  std::vector<std::size_t> of_layer(request.model->layers.size(), only_on.size());
  for (std::size_t layer = 0; layer < only_on.size(); ++layer) {
    if (only_on[layer].empty()) continue;
    const auto [at, fresh] = number.try_emplace(only_on[layer], restrictions.size());
    if (fresh) restrictions.push_back(only_on[layer]);
    of_layer[layer] = at->second;
  }
  std::vector<std::vector<bool>> admitted(request.nodes.size(),
                                          std::vector<bool>(restrictions.size()));
  for (std::size_t r = 0; r < restrictions.size(); ++r)
    for (const std::size_t node : restrictions[r]) admitted[node][r] = true;
  std::map<std::vector<bool>, std::size_t> signatures;
  for (const std::vector<bool>& its : admitted) signatures.emplace(its, 0);
  for (auto& [its, signature] : signatures) {
    signature = blocked_.size();
    std::vector<std::uint32_t>& blocked = blocked_.emplace_back(1, 0);
    for (const std::size_t r : of_layer)
      blocked.push_back(blocked.back() + (r < its.size() && !its[r] ? 1 : 0));
  }
  for (const std::vector<bool>& its : admitted) signature_.push_back(signatures.at(its));
}

bool PlanConstraints::binds_layers() const {
  const auto some = [](const std::vector<std::size_t>& nodes) { return !nodes.empty(); };
  return std::ranges::find(joined, true) != joined.end() || std::ranges::any_of(only_on, some);
}

bool PlanConstraints::any() const {
  return std::ranges::find(forbidden, true) != forbidden.end() || binds_layers();
}

}  // namespace soliton
