// The CPU part of a model, as functions: the same ones serve the emulated host and the check of its
// outputs.
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

// Where the inputs of a workload come from: given requests (used round and round), or random ones
// that are a function of (seed, request).
struct InputSource {
  std::vector<RequestInput> given;
  std::uint64_t seed = 1;
  std::int64_t random_steps = 1;
  RequestInput request(std::uint32_t number, const HostShard& shard) const;
  std::int64_t steps(std::uint32_t number) const;
};

// The step vectors as fp16, step by step. A symbol outside the table counts as symbol 0; reading
// the workload refuses it.
std::vector<Half> before(const HostShard& shard, const RequestInput& input);
// The fp16 output vectors, put together from what came back: `replies[p][i]` is the i-th message of
// reply port p. REQUIRES: one message a vector on each port, each of its port's size.
std::vector<Half> assemble(const HostShard& shard, std::int64_t steps,
                           const std::vector<std::vector<Payload>>& replies);
// The last part of the graph over one or `steps` output vectors, in fp32.
std::vector<float> after(const HostShard& shard, std::span<const Half> outputs);

}  // namespace soliton
