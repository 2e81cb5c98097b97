// What an NPU has counted so far.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"

namespace soliton {

// Up to the end of the last finished request, except requests, chains and mvu_macs, which count as
// they happen.
struct NpuStats {
  std::uint64_t requests = 0;
  std::uint64_t chains = 0;
  std::uint64_t mvu_macs = 0;  // multiply-adds of the unpadded matrices, in all lanes
  Duration mvu_busy{};         // slots of the matrix-vector unit
  Duration busy{};  // from the start of each request to its last result, less waits at NetQ
  std::uint64_t fp16_overflows = 0;  // finite results that became infinite
  std::uint64_t poisoned_blocks =
      0;  // activation blocks with a NaN or infinity, once for each product they enter
  std::uint64_t poisoned_weights = 0;  // blocks of weights that arrived with a NaN or infinity
  // Accesses by an offset that led out of their memory: a read gave NaN, a write was dropped. Under
  // kTiming those whose offset came from a message are not known.
  std::uint64_t index_faults = 0;
  void merge(const NpuStats& other);
};

}  // namespace soliton
