// Which nodes may hold which layers (PlanConstraints::only_on), asked for whole stages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace soliton {

struct PartitionRequest;

class LayerPins {
 public:
  // Every node may hold every layer.
  LayerPins() = default;
  explicit LayerPins(const PartitionRequest& request);

  // Whether any layer is restricted.
  bool any() const { return !blocked_.empty(); }
  // Equal numbers for nodes of the request that may hold the same layers. They depend on which
  // layers these are, and not on the order or the names of the nodes.
  std::size_t signature(std::size_t node) const { return any() ? signature_[node] : 0; }
  // Whether nodes of that signature may hold all layers [first, last).
  bool allow(std::size_t signature, std::size_t first, std::size_t last) const {
    return !any() || blocked_[signature][first] == blocked_[signature][last];
  }

 private:
  std::vector<std::size_t> signature_;               // by node of the request
  std::vector<std::vector<std::uint32_t>> blocked_;  // by signature: layers it lacks before each
};

}  // namespace soliton
