#include "cluster/run/place_layers.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/suggestion.h"

namespace soliton {

Diagnostics place_layers(const ModelSpec& spec, LayerGraph& model) {
  Diagnostics problems;
  const auto set = [](Layer& layer, bool in_dram) {
    std::visit([&](auto& it) { it.in_dram = in_dram; }, layer);
  };
  std::vector<std::string> names;
  for (Layer& layer : model.layers) {
    set(layer, spec.in_dram);
    names.push_back(layer_name(layer));
  }
  for (const LayerPlace& place : spec.places) {
    const auto at = std::ranges::find(names, place.layer);
    if (at == names.end())
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{}: model.place: no layer called \"{}\"{}", place.position,
                               place.layer, suggestion(place.layer, names)));
    else
      set(model.layers[static_cast<std::size_t>(at - names.begin())], place.in_dram);
  }
  return problems;
}

}  // namespace soliton
