// The answers of a graph that is split between CPU parts and FPGAs when nothing is cut further: one
// host, and one FPGA with memories as large as needed. What every other division of the same split
// must answer, to the last bit.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "node/cpu/cpu_spec.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct SplitReference {
  CpuSpec host;  // node "host": parts, streams and clients, whose workload and inputs are set later
  Shard fpga;    // node "unsharded"
};

// Answers requests 0, 1, ... in order, and hands each answer on, packed; `take` returns whether more
// are wanted. Of requests that are no multiple of `functional_every` no values are computed, and
// none are handed on.
void answer_split(const SplitReference& reference, const GraphInputs& inputs,
                  std::uint32_t requests, std::uint32_t functional_every,
                  const std::function<bool(std::uint32_t, std::vector<std::byte>)>& take);

}  // namespace soliton
