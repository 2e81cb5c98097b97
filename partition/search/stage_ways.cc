#include "partition/search/stage_ways.h"

#include <algorithm>

namespace soliton {

namespace {

// Whether there was one.
bool shapes(StageCosts& costs, std::size_t first, std::size_t last, std::size_t nodes,
            const std::function<void(const StageShape&)>& take) {
  bool any = false;
  const std::size_t most = std::min(costs.most_nodes(first, last), nodes);
  for (std::size_t count = 1; count <= most; ++count) {
    for (const StageOption& option : costs.options(first, last, count)) {
      const StageShape shape{first, last, count, option};
      if (!costs.tiles_could_fit(shape)) continue;
      any = true;
      take(shape);
    }
  }
  return any;
}

}  // namespace

std::vector<std::size_t> stage_ends(const PartitionRequest& request) {
  const std::size_t layers = request.model->layers.size();
  std::vector<std::size_t> out;
  for (std::size_t layer = 1; layer < layers; ++layer)
    if (!request.constraints.joins(layer)) out.push_back(layer);
  out.push_back(layers);
  return out;
}

std::span<const std::size_t> ends_behind(const std::vector<std::size_t>& ends, std::size_t first) {
  const auto from = std::ranges::upper_bound(ends, first);
  return std::span(ends).subspan(static_cast<std::size_t>(from - ends.begin()));
}

// Longer stages need no less: the first that could not lie anywhere is the last one asked for.
void for_each_shape(StageCosts& costs, std::size_t first, std::span<const std::size_t> ends,
                    std::size_t nodes, const std::function<void(const StageShape&)>& take) {
  for (const std::size_t last : ends)
    if (!shapes(costs, first, last, nodes, take)) return;
}

void for_each_shape(StageCosts& costs, std::size_t first, std::size_t layers, std::size_t nodes,
                    const std::function<void(const StageShape&)>& take) {
  for (std::size_t last = first + 1; last <= layers; ++last)
    if (!shapes(costs, first, last, nodes, take)) return;
}

}  // namespace soliton
