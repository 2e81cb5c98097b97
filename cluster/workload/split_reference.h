// The answers of a graph that is split between CPU parts and FPGAs when nothing is cut further: one
// host, and one FPGA with memories as large as needed. What every other division of the same split
// must answer, to the last bit.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "node/cpu/cpu_spec.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct SplitReference {
  CpuSpec host;  // of "host": parts, streams, and clients, whose workload and inputs are set later
  Shard fpga;    // node "unsharded"
};

// Answers requests 0, 1, ... in order, and hands each answer on, packed; `take` returns whether more
// are wanted. Of requests that are no multiple of `functional_every` no values are computed, and
// none are handed on. Ends, within a request too, once `given_up` is true.
void answer_split(const SplitReference& reference, const GraphInputs& inputs,
                  std::uint32_t requests, std::uint32_t functional_every,
                  const std::atomic<bool>& given_up,
                  const std::function<bool(std::uint32_t, std::vector<std::byte>)>& take);

}  // namespace soliton
