// Chains of layers in fp32: the reference for what programs compute.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/ir/layer_graph.h"

namespace soliton::test {

// Runs the layers in double from the first to the last, and rounds once. `vectors`: the values of the
// model's source, step by step. Returns the first result. REQUIRES: each layer reads the one before,
// every tensor has values, and no layer has point-wise operations.
std::vector<float> run_fp32(const LayerGraph& model, const std::vector<float>& vectors,
                            std::int64_t steps);

}  // namespace soliton::test
