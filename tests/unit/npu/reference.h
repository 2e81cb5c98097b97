// The recurrent cells written directly from their equations: no chains, no registers, no reuse.
// Values are fp16 bit patterns.
#pragma once

#include <vector>

#include "protocol/base/payload.h"
#include "tests/unit/npu/programs.h"

namespace soliton::testing {

using Halves = std::vector<Half>;

CellWeights random_weights(Cell cell, int input, int hidden, std::uint64_t seed);
std::vector<Halves> random_inputs(int steps, int width, std::uint64_t seed);

// One rounding to fp16 of the fp32 sums over quantised blocks, which restart every `native_dim`
// columns.
Halves reference_product(const std::vector<float>& weights, const Halves& x,
                         const NumberFormat& format, int native_dim);
// Returns h of every step.
std::vector<Halves> reference_cell(Cell cell, const CellWeights& weights,
                                   const std::vector<Halves>& inputs, const NumberFormat& format,
                                   int native_dim);

Payload to_message(const Halves& values);
Halves from_message(const Payload& message);

}  // namespace soliton::testing
