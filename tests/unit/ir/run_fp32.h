// Models in fp32: the reference for plans, programs and readers.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/ir/model.h"

namespace soliton {

// Runs the model in fp32 (double accumulation): the reference accuracy and errors are taken
// against. States and gates stay in double from the first layer to the last; the result is rounded
// once. `vectors`: steps * input values (after the embedding). Returns the layers' output before
// the host's last part: steps * output values with `sequence_output`, else `output`. A dense layer
// that is not `every_step` reads the last step. REQUIRES: check_model(model) is empty, every tensor
// has values, steps > 0.
std::vector<float> run_fp32(const Model& model, const std::vector<float>& vectors,
                            std::int64_t steps);

// The host's parts of the reference. Rows of `table` (REQUIRES: kEmbedding with values); a symbol
// outside is an error.
Result<std::vector<float>> embed(const HostBefore& before,
                                 const std::vector<std::int64_t>& symbols);
// Softmax or log-softmax of each vector of `width` values, in double, rounded once.
std::vector<float> apply_after(HostAfter after, std::vector<float> vectors, std::int64_t width);

}  // namespace soliton
