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

// What a step as modelled is limited by, all inputs there:
//   kMvu         the matrix-vector unit is never idle, and it multiplies
//   kDispatch    it is never idle, but mostly for the least slot a chain takes or its overhead
//   kDependence  it waits for results of the program
//   kDram        it waits for weights: their way from DRAM takes most of the step
enum class StepLimit : std::uint8_t { kDependence, kMvu, kDispatch, kDram };

struct StepAnalysis {
  std::int64_t udm_cycles = 0;
  double sdm_cycles = 0;
  double cycles = 0;           // as modelled
  Duration duration{};         // the same
  double slot_cycles = 0;      // the matrix-vector unit is taken
  double occupied_cycles = 0;  // thereof by tiles
  double dram_cycles = 0;      // streamed weights on their way, one behind the other
  std::int64_t macs = 0;       // of the unpadded matrices
  StepLimit limit = StepLimit::kDependence;
};

// Of a steady step; of a request of one step when no chain belongs to a step, or when requests have
// one step and nothing is carried from one to the next, so that no step ever is a steady one.
// `request_steps`: what requests have; 0: not known. REQUIRES: the shard passes check_shard();
// weights may be absent.
StepAnalysis analyse_step(const Shard& shard, std::int64_t request_steps = 0);

// Multiply-adds a cycle for one vector: T N L, or what the beats of the format leave of it.
double macs_per_cycle(const NpuDevice& device, std::int64_t beats_per_tile);
constexpr double sdm_cycles(std::int64_t udm_cycles, std::int64_t macs, double macs_per_cycle) {
  return static_cast<double>(udm_cycles) + static_cast<double>(macs) / macs_per_cycle;
}
// Cycles from the start of a request of `steps` steps to its last result on the UDM.
std::int64_t dataflow_depth(const Shard& shard, std::int64_t steps);

const char* step_limit_name(StepLimit limit);  // "dependence", "MVU", "dispatch floor", "DRAM"

}  // namespace soliton
