// Devices of docs/timing.md, models, and a router without a network that drives Npu objects.
#pragma once

#include <string>
#include <vector>

#include "partition/ir/build_rnn.h"
#include "partition/ir/layer_graph.h"
#include "partition/lower/lower.h"
#include "protocol/isa/shard.h"

namespace soliton::test {

NpuDevice bw_s10();
NpuDevice bw_s5();
// Small tiles and few of them: N elements a side, `tiles` of them.
NpuDevice pocket(int native_dim, std::int64_t tiles);

// The layers of model.rnn. Without steps it has one; programs work for any number.
LayerGraph rnn(const RnnOptions& options);
// Appends a dense layer with seeded weights, which becomes the result; `every_step` false: of the
// vector behind the last step.
void add_dense(LayerGraph& model, std::int64_t output, bool every_step, bool bias = true);
// Appends `layer`, which reads the result so far, or its last vector, and becomes the result.
void append(LayerGraph& model, Layer layer, LayerInput::What reads = LayerInput::What::kEvery);
// A model without layers whose only source has `input` elements: for each step, or once a request.
LayerGraph no_layers(std::int64_t input, bool per_step = true);
// Elements of a step's vector into the first layer.
inline std::int64_t input_of(const LayerGraph& model) { return model.sources.at(0).elements; }

std::vector<Half> random_vectors(std::int64_t count, std::uint64_t seed);

// Layers [first, last) on `count` nodes from `node` on.
Stage stage(std::size_t first, std::size_t last, std::size_t node, std::size_t count,
            bool split_directions = false);
Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                std::vector<Stage> stages, const std::string& precision = "",
                bool with_weights = true);
// All layers on all of the nodes.
Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                const std::string& precision = "");

// Runs one request through all shards with every message present at once; `inputs`: of the only source.
// Returns the values of the first result, vector by vector.
std::vector<Half> run(const std::vector<Shard>& shards, const HostPorts& host,
                      const std::vector<Half>& inputs, std::int64_t steps);

// The same for several requests, one after the other on the same devices.
std::vector<std::vector<Half>> run_in_turn(const std::vector<Shard>& shards, const HostPorts& host,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps);

// The same of what lowered() made.
std::vector<Half> run(const Lowered& made, const std::vector<Half>& inputs, std::int64_t steps);
std::vector<std::vector<Half>> run_in_turn(const Lowered& made,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps);

// The violations of all shards, one a line.
std::string faults(const std::vector<Shard>& shards);

}  // namespace soliton::test
