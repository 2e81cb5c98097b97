// model.place: layers whose weights lie in a device's DRAM.
#pragma once

#include "cluster/file/spec.h"
#include "partition/ir/layer_graph.h"

namespace soliton {

// Sets it for the layers that the model has. Error: a name that no layer has.
Diagnostics place_layers(const ModelSpec& spec, LayerGraph& model);

}  // namespace soliton
