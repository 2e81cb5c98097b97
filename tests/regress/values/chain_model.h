// Chains of layers, and devices without a network that run them.
#pragma once

#include <string>
#include <vector>

#include "partition/ir/build_rnn.h"
#include "partition/ir/layer_graph.h"
#include "partition/lower/lower.h"
#include "protocol/isa/shard.h"

namespace soliton::test {

NpuDevice bw_s10();
// Small tiles and few of them: N elements a side, `tiles` of them.
NpuDevice pocket(int native_dim, std::int64_t tiles);

// The layers of model.rnn.
LayerGraph rnn(const RnnOptions& options);
// A model without layers whose only source has `input` elements: for each step, or once a request.
LayerGraph no_layers(std::int64_t input, bool per_step = true);
// Appends `layer`, which reads the result so far, or its last vector, and becomes the result.
void append(LayerGraph& model, Layer layer, LayerInput::What reads = LayerInput::What::kEvery);
// Appends a dense layer with seeded weights.
void add_dense(LayerGraph& model, std::int64_t output,
               LayerInput::What reads = LayerInput::What::kEvery);

std::vector<Half> random_vectors(std::int64_t count, std::uint64_t seed);

// All layers on the first `nodes` nodes, "fpga0" and so on.
Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                const std::string& precision = "");
// The violations of all shards, one a line.
std::string faults(const std::vector<Shard>& shards);

// Runs requests one after the other on the same devices. `requests`: the vectors of the only source.
// Returns those of the only result.
std::vector<std::vector<Half>> run_in_turn(const Lowered& made,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps);
// The same for one request.
std::vector<Half> run(const Lowered& made, const std::vector<Half>& inputs, std::int64_t steps);

}  // namespace soliton::test
