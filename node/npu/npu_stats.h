// What an NPU has counted so far.
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"
#include "protocol/base/time.h"

namespace soliton {

// Counted up to the end of the last finished request, except requests, chains and mvu_macs, which
// are counted as they occur.
struct NpuStats {
  std::uint64_t requests = 0;
  std::uint64_t chains = 0;
  std::uint64_t mvu_macs = 0;  // multiply-adds of the unpadded matrices, in all lanes
  Duration mvu_busy{};         // slots of the matrix-vector unit, summed
  Duration busy{};             // from each request's start to its last result, less waits at NetQ
  std::uint64_t fp16_overflows = 0;  // results that became infinite with finite operands
  // Activation blocks with a NaN or infinity, counted once for each product they enter.
  std::uint64_t poisoned_blocks = 0;
  std::uint64_t poisoned_weights = 0;  // blocks of weights that arrived with a NaN or infinity
  // Accesses by offset that were outside their memory: a read gives NaN, a write is dropped. Under
  // kTiming, accesses whose offset came from a message are not counted, since the offset is not
  // known.
  std::uint64_t index_faults = 0;
  void merge(const NpuStats& other);
};

// Arithmetic errors, listed below `errors` of a node in results.json.
inline constexpr Field kNpuErrorRows[] = {
    field<&NpuStats::poisoned_blocks>("poisoned_blocks",
                                      "Blocks with a NaN or an infinity that entered a product."),
    field<&NpuStats::fp16_overflows>("fp16_overflows",
                                     "Finite values whose fp16 result is an infinity."),
};
// Counters that nodes report and results.json leaves out.
inline constexpr Field kNpuInnerRows[] = {
    field<&NpuStats::requests>("requests", "Requests served."),
    field<&NpuStats::chains>("chains", "Chains issued."),
    field<&NpuStats::mvu_macs>("mvu_macs", "Multiply-adds of the unpadded matrices."),
    field<&NpuStats::mvu_busy>("mvu_busy", "Slots of the matrix-vector unit."),
    field<&NpuStats::busy>("busy", "Time from the start of requests to their last results."),
    field<&NpuStats::poisoned_weights>("poisoned_weights",
                                       "Blocks of weights that arrived with a NaN or an infinity."),
    field<&NpuStats::index_faults>("index_faults",
                                   "Accesses by an offset that led out of their memory."),
};
inline constexpr FieldTable kNpuErrorFields = fields_of<NpuStats>("errors", kNpuErrorRows);
inline constexpr auto kNpuStatsRows = joined(kNpuErrorRows, kNpuInnerRows);
inline constexpr FieldTable kNpuStatsFields = fields_of<NpuStats>("npu", kNpuStatsRows);

}  // namespace soliton
