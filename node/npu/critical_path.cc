#include "node/npu/critical_path.h"

#include <algorithm>
#include <bit>

#include "node/npu/compiled_program.h"
#include "node/npu/op_time.h"

namespace soliton {
namespace {

// Steps before the measured ones, and measured ones: start-up effects are over by then, and a
// pattern that repeats every few steps is averaged.
constexpr std::int64_t kWarm = 8;
constexpr std::int64_t kMeasured = 16;

std::int64_t dot_product_depth(const ShardMatrix& matrix) {
  return 1 + std::bit_width(static_cast<std::uint64_t>(matrix.weights.columns - 1));
}

// A reduction is a tree of its elements.
std::int64_t operation_depth(const MfuOperation& operation) {
  if (!is_reduction(operation.opcode)) return 1;
  return std::max<std::int64_t>(1, std::bit_width(std::uint64_t{operation.elements} - 1));
}

// A program on an unlimited number of units: when the value of each vector or tile is ready. A
// write replaces the value without waiting for readers, as registers are unlimited as well. The
// target of an access by offset is not known here, so it reads, or adds to, all of its memory.
class Dataflow {
 public:
  explicit Dataflow(const CompiledProgram& program)
      : program_(program), ready_(program.layout().slots()) {}

  void run(std::uint32_t index) {
    const CompiledChain& chain = program_.chain(index);
    if (chain.kind == ChainKind::kScalar) return;
    std::int64_t at = chain.from_netq ? 0 : ready(source(chain));
    if (chain.matrix != nullptr)
      at = std::max(at, ready(chain.matrix_tiles)) + dot_product_depth(*chain.matrix);
    // An operation waits for its operand, if it has one.
    for (const MfuOperation& operation : chain.operations)
      at = std::max(at, operation.has_operand ? ready(operation.operand) : 0) +
           operation_depth(operation);
    for (const WriteTarget& target : chain.writes) write(target, at);
    depth_ = std::max(depth_, at);
    macs_ += static_cast<std::int64_t>(chain.macs);
    slots_ = add_ticks(slots_, chain.slot);
    occupied_ = add_ticks(occupied_, chain.occupied);
    streamed_ += chain.streamed_tiles;
  }

  std::int64_t depth() const { return depth_; }
  std::int64_t macs() const { return macs_; }
  Ticks slots() const { return slots_; }
  Ticks occupied() const { return occupied_; }
  std::int64_t streamed_tiles() const { return streamed_; }

 private:
  VectorRange source(const CompiledChain& chain) const {
    const Instruction& read = chain.instructions.front();
    return read.indexing == Indexing::kDirect ? chain.source : program_.layout().file(read.memory);
  }

  void write(const WriteTarget& target, std::int64_t at) {
    if (target.to_netq) return;
    if (target.instruction.indexing == Indexing::kDirect) {
      const auto first = ready_.begin() + target.vectors.first;
      std::fill(first, first + target.vectors.count, at);
      return;
    }
    const VectorRange file = program_.layout().file(target.instruction.memory);
    for (std::uint32_t i = 0; i < file.count; ++i)
      ready_[file.first + i] = std::max(ready_[file.first + i], at);
  }

  std::int64_t ready(VectorRange range) const {
    const auto first = ready_.begin() + range.first;
    return range.count == 0 ? 0 : *std::max_element(first, first + range.count);
  }

  const CompiledProgram& program_;
  std::vector<std::int64_t> ready_;
  std::int64_t depth_ = 0;
  std::int64_t macs_ = 0;
  Ticks slots_ = 0;
  Ticks occupied_ = 0;
  std::int64_t streamed_ = 0;
};

Dataflow request(const Shard& shard, const CompiledProgram& program, std::int64_t steps) {
  Dataflow flow(program);
  for (const Segment& segment : shard.program.segments)
    for (std::int64_t round = 0; round < segment.iterations(steps); ++round)
      for (std::uint32_t chain = segment.first; chain < segment.last; ++chain) flow.run(chain);
  return flow;
}

bool has_steps(const Shard& shard) {
  return std::ranges::any_of(shard.program.segments,
                             [](const Segment& segment) { return segment.per_step > 0; });
}

double in_cycles(Duration duration, Frequency clock) {
  return static_cast<double>(duration.count()) * static_cast<double>(clock.hertz) / 1e12;
}

double stream_cycles(const Shard& shard, double tiles) {
  if (tiles == 0) return 0;
  const auto bits = static_cast<double>(tile_bits(shard.format, shard.device.native_dim));
  return tiles * bits / static_cast<double>(shard.device.dram_rate.bits_per_second) *
         static_cast<double>(shard.device.clock.hertz);
}

StepLimit limit_of(const StepAnalysis& it) {
  // A cycle is lost in rounding; more than that, and the unit was waiting.
  if (2 * it.dram_cycles > it.cycles) return StepLimit::kDram;
  if (it.cycles > it.slot_cycles + 1) return StepLimit::kDependence;
  return it.slot_cycles > 2 * it.occupied_cycles ? StepLimit::kDispatch : StepLimit::kMvu;
}

}  // namespace

double macs_per_cycle(const NpuDevice& device, std::int64_t beats_per_tile) {
  return static_cast<double>(device.tile_engines) * device.native_dim * device.native_dim /
         static_cast<double>(beats_per_tile);
}

StepAnalysis analyse_step(const Shard& shard, std::int64_t request_steps) {
  const CompiledProgram program(shard);
  // More steps make the graph deeper only if a step needs something of the one before.
  const auto carries = [&] {
    return request(shard, program, kWarm + kMeasured).depth() >
           request(shard, program, kWarm).depth();
  };
  // A difference over `steps` steps, or a whole request of one step against none of it.
  const bool steady = has_steps(shard) && (request_steps != 1 || carries());
  const std::int64_t steps = steady ? kMeasured : 1;
  const Dataflow near = steady ? request(shard, program, kWarm) : Dataflow(program);
  const Dataflow far = request(shard, program, steady ? kWarm + kMeasured : 1);
  StepAnalysis out;
  // The difference of two whole requests leaves out how they begin and end.
  out.udm_cycles = (far.depth() - near.depth() + steps - 1) / steps;
  // No state is carried from step to step, so one step by itself is the whole path.
  if (out.udm_cycles == 0) out.udm_cycles = request(shard, program, 1).depth();
  out.macs = (far.macs() - near.macs()) / steps;
  out.sdm_cycles =
      sdm_cycles(out.udm_cycles, out.macs, macs_per_cycle(shard.device, shard.beats_per_tile));
  out.duration = steady ? (run_alone(shard, kWarm + kMeasured) - run_alone(shard, kWarm)) / steps
                        : run_alone(shard, 1);
  out.cycles = in_cycles(out.duration, shard.device.clock);
  const double ticks = static_cast<double>(steps) * shard.device.tile_engines;
  out.slot_cycles = static_cast<double>(far.slots() - near.slots()) / ticks;
  out.occupied_cycles = static_cast<double>(far.occupied() - near.occupied()) / ticks;
  out.dram_cycles =
      stream_cycles(shard, static_cast<double>(far.streamed_tiles() - near.streamed_tiles()) /
                               static_cast<double>(steps));
  out.limit = limit_of(out);
  return out;
}

const char* step_limit_name(StepLimit limit) {
  constexpr const char* kNames[] = {"dependence", "MVU", "dispatch floor", "DRAM"};
  return kNames[static_cast<std::size_t>(limit)];
}

}  // namespace soliton
