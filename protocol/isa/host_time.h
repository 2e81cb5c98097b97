// The CPU model: how long the host works on a request. Shared by the emulated host and the
// partitioner.
#pragma once

#include <cstdint>

#include "protocol/isa/shard.h"

namespace soliton {

// One operator each: its overhead, plus the bytes it reads and writes at the memory rate; zero
// where the model has no such operator. Embedding: per step a symbol of 8 bytes and an fp16 row,
// read and written. Softmax: fp16 read, fp32 written.
Duration host_time_before(const HostShard& host, std::int64_t steps);
Duration host_time_after(const HostShard& host, std::int64_t steps);

}  // namespace soliton
