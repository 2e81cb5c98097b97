// Who reads each of a model's vectors: found once, asked often.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "partition/ir/layer_graph.h"

namespace soliton {

class LayerReaders {
 public:
  // Numbers, not references: the model may change its weights, but not how layers are joined.
  explicit LayerReaders(const LayerGraph& model);

  // Layers in ascending order, each once for every time that it reads the vector.
  std::span<const std::size_t> layers(const LayerInput& vector) const;
  // Whether it leaves for CPU parts.
  bool leaves(const LayerInput& vector) const;

 private:
  struct Readers {
    std::vector<std::size_t> layers;
    bool leaves = false;
  };
  std::map<LayerInput, Readers> of_;
};

}  // namespace soliton
