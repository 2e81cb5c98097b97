// Critical-path analyses of a shard's program (docs/isa.md): what a step would take
// with nothing in its way, with nothing but the number of multipliers in its way, and as modelled;
// and which limit the modelled step runs into.
//
//   UDM, unconstrained dataflow machine: infinite units and registers, every value used as soon as
//        it is there. An element operation takes one cycle, a dot product of n values
//        1 + ceil(log2 n). Of a recurrent program: the depth by which consecutive steps differ.
//   SDM, structurally constrained dataflow machine: UDM + multiply-adds / (multiply-adds a cycle).
//
// Both run over the chains the NPU runs, so they hold for any program and any slice of a model; all
// messages are there from the start. Plain functions, without state.
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/isa/shard.h"

namespace soliton {

// What limits a modelled step when all its inputs are there:
//   kMvu         the matrix-vector unit is never idle and mostly multiplies
//   kDispatch    it is never idle, but mostly for the minimum slot of a chain or its overhead
//   kDependence  it waits for results of the program
//   kDram        it waits for weights: their transfer from DRAM takes most of the step
enum class StepLimit : std::uint8_t { kDependence, kMvu, kDispatch, kDram };

struct StepAnalysis {
  std::int64_t udm_cycles = 0;
  double sdm_cycles = 0;
  double cycles = 0;           // as modelled
  Duration duration{};         // the same as time
  double slot_cycles = 0;      // the matrix-vector unit is reserved
  double occupied_cycles = 0;  // of these, multiplying tiles
  double dram_cycles = 0;      // transfers of streamed weights, one after the other
  std::int64_t macs = 0;       // of the unpadded matrices
  StepLimit limit = StepLimit::kDependence;
};

// Analyses a steady step. Analyses a whole request of one step instead if no chain belongs to a
// step, or if requests have one step and no state is carried between them, because then no step is
// ever steady. `request_steps`: steps of a request; 0 if not known. REQUIRES: the shard passes
// check_shard(); weights may be absent.
StepAnalysis analyse_step(const Shard& shard, std::int64_t request_steps = 0);

// Multiply-adds per cycle for one vector: T N L, reduced as the beats of the format require.
double macs_per_cycle(const NpuDevice& device, std::int64_t beats_per_tile);
constexpr double sdm_cycles(std::int64_t udm_cycles, std::int64_t macs, double macs_per_cycle) {
  return static_cast<double>(udm_cycles) + static_cast<double>(macs) / macs_per_cycle;
}
const char* step_limit_name(StepLimit limit);  // "dependence", "MVU", "dispatch floor", "DRAM"

}  // namespace soliton
