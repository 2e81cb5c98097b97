// The CPU part of a model, as functions. The emulated host and the check of its outputs both use
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/base/payload.h"
#include "protocol/base/quantity.h"
#include "protocol/isa/shard.h"

namespace soliton {

// One request's input: symbol numbers for a model with an embedding, otherwise steps * input
// values.
struct RequestInput {
  std::vector<std::int32_t> symbols;
  std::vector<float> values;
  std::int64_t steps = 0;
};

// Source of a workload's inputs: given requests, used again from the first when they run out, or
// random ones that are a function of (seed, request).
struct InputSource {
  std::vector<RequestInput> given;
  std::uint64_t seed = 1;
  std::int64_t random_steps = 1;
  RequestInput request(std::uint32_t number, const HostShard& shard) const;
  std::int64_t steps(std::uint32_t number) const;
};

// The step vectors as fp16, step by step. A symbol outside the table is treated as symbol 0; the
// reader of workloads refuses such symbols.
std::vector<Half> before(const HostShard& shard, const RequestInput& input);
// The fp16 output vectors, assembled from the replies: `replies[p][i]` is message i of reply port
// p. REQUIRES: on each port one message for each vector, of the port's size.
std::vector<Half> assemble(const HostShard& shard, std::int64_t steps,
                           const std::vector<std::vector<Payload>>& replies);
// The last part of the graph, in fp32, applied to one output vector or to `steps` of them.
std::vector<float> after(const HostShard& shard, std::span<const Half> outputs);

}  // namespace soliton
