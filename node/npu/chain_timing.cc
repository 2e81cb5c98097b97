#include "node/npu/chain_timing.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

ChainTiming::ChainTiming(const Shard& shard, const CompiledProgram& program)
    : clock_(shard.device.clock, shard.device.tile_engines),
      cycle_(clock_.cycles(1)),
      request_(clock_.cycles(shard.device.timing.request_cycles)),
      slot_overhead_(clock_.cycles(shard.device.timing.slot_overhead_cycles)),
      vector_pass_(ChainCosts(shard.device, shard.beats_per_tile).vector_pass()),
      lanes_at_once_(shard.device.batch_lanes),
      vectors_(program.layout().slots()),
      stream_(shard, clock_.cycles(shard.device.clock.hertz)) {}

// Nothing of the request before is still in progress, so all units and registers are free at T0.
void ChainTiming::begin(const Arrival& start, std::uint32_t lanes) {
  passes_ = (static_cast<Ticks>(lanes) + lanes_at_once_ - 1) / lanes_at_once_;
  start_ = start;
  origins_.assign(1, start);
  issue_ = {request_, 0};
  mvu_free_ = issue_;
  dram_read_free_ = issue_;
  dram_write_free_ = issue_;
  stream_.begin(issue_);
  std::ranges::fill(vectors_, Vector{issue_, issue_});
  last_result_ = request_;
  waited_ = 0;
}

// First everything the chain waits for, then its times, then the marks that its reads and writes
// leave for later chains. The reads are marked before the write hazards are looked up, because a
// chain may overwrite what it reads.
ChainTimes ChainTiming::issue(const CompiledChain& chain, const Arrival* message) {
  Wait wait = message != nullptr && await(*message) ? Wait::kMessage : Wait::kNothing;
  const Moment input = input_ready(chain, wait);
  Moment operands{};
  bool any_operand = false;
  for (const MfuOperation& operation : chain.operations) {
    if (!operation.has_operand) continue;
    operands = ready(operation.operand, operands);
    any_operand = true;
  }
  const Moment* known = any_operand ? &operands : nullptr;
  ChainTimes times =
      chain.matrix != nullptr ? product(chain, input, known) : vector_only(chain, input, known);
  if (times.start.at > input.at) wait = chain.matrix != nullptr ? Wait::kUnit : Wait::kOperands;
  times.wait = wait;
  // Operands of a product are read one cycle before its result, those of a vector chain when it
  // starts.
  const Moment operands_read =
      chain.matrix != nullptr ? Moment{times.result.at - cycle_, times.result.origin} : times.start;
  if (!chain.from_netq) mark_read(chain.source, times.start);
  // product() has moved mvu_free_ to the end of this chain's slot: until then its tiles must stay.
  mark_read(chain.matrix_tiles, mvu_free_);
  for (const MfuOperation& operation : chain.operations)
    mark_read(operation.operand, operands_read);
  times.result = after_hazards(chain, times.result);
  times.written = write_back(chain, times.result);
  last_result_ = std::max(last_result_, times.written.at);
  return times;
}

Moment ChainTiming::input_ready(const CompiledChain& chain, Wait& wait) {
  Moment input = issue_;
  const auto until = [&](Moment moment, Wait why) {
    if (moment.at > input.at) wait = why;
    input = moment;
  };
  if (!chain.from_netq) until(ready(chain.source, input), Wait::kVector);
  if (chain.dram_ticks > 0) {
    dram_read_free_ = after(later_of(input, dram_read_free_), chain.dram_ticks);
    until(dram_read_free_, Wait::kDram);
  }
  until(ready(chain.matrix_tiles, input), Wait::kMatrix);
  return input;
}

Moment ChainTiming::write_back(const CompiledChain& chain, Moment result) {
  Moment last = result;
  for (const WriteTarget& write : chain.writes) {
    Moment at = result;
    if (write.dram_ticks > 0) {
      dram_write_free_ = after(later_of(result, dram_write_free_), write.dram_ticks);
      at = dram_write_free_;
      last = later_of(last, at);
    }
    for (std::uint32_t i = 0; i < write.vectors.count; ++i)
      vectors_[write.vectors.first + i] = {at, at};
  }
  return last;
}

// Returns whether the message arrived after the chain could otherwise have been issued. The time in
// which the NPU had no result under way either counts as idle. The message becomes an origin, so
// paths of later results begin with it.
bool ChainTiming::await(const Arrival& message) {
  if (message.at <= start_.at) return false;
  const Ticks at = clock_.ticks(message.at - start_.at);
  if (at <= issue_.at) return false;
  waited_ += std::max<Ticks>(0, at - std::max(last_result_, issue_.at));
  issue_ = {at, static_cast<std::uint32_t>(origins_.size())};
  origins_.push_back(message);
  return true;
}

Moment ChainTiming::ready(VectorRange range, Moment at_least) const {
  for (std::uint32_t i = 0; i < range.count; ++i)
    at_least = later_of(at_least, vectors_[range.first + i].ready);
  return at_least;
}

void ChainTiming::mark_read(VectorRange range, Moment at) {
  for (std::uint32_t i = 0; i < range.count; ++i) {
    Moment& in_use = vectors_[range.first + i].in_use;
    in_use = later_of(in_use, at);
  }
}

// The latency begins when the unit is done with all passes and with the last streamed tile.
// Operands of the multifunction units are needed only one cycle before the result.
ChainTimes ChainTiming::product(const CompiledChain& chain, Moment input, const Moment* operands) {
  const Moment start = later_of(mvu_free_, input);
  mvu_free_ = after(start, slot(chain));
  if (chain.streamed_tiles > 0)
    mvu_free_ = later_of(mvu_free_, stream_.multiply(start, chain.streamed_tiles,
                                                     times_ticks(chain.tile_ticks, passes_)));
  Moment result = after(mvu_free_, chain.latency);
  if (operands != nullptr) result = later_of(result, after(*operands, cycle_));
  return {start, result, result};
}

ChainTimes ChainTiming::vector_only(const CompiledChain& chain, Moment input,
                                    const Moment* operands) const {
  const Moment start = operands != nullptr ? later_of(input, *operands) : input;
  Ticks latency = chain.latency;
  if (!chain.operations.empty())
    latency = add_ticks(latency, times_ticks(chain.rows * vector_pass_, passes_ - 1));
  const Moment result = after(start, latency);
  return {start, result, result};
}

// `in_use` is never before `ready`, so one look covers both hazards: a write after a read of the
// old value, and a write after the write before it.
Moment ChainTiming::after_hazards(const CompiledChain& chain, Moment result) const {
  for (const WriteTarget& write : chain.writes) {
    for (std::uint32_t i = 0; i < write.vectors.count; ++i) {
      result = later_of(result, vectors_[write.vectors.first + i].in_use);
    }
  }
  return result;
}

// The path of the message (or of the start) that this moment waited for last, and computing since.
Arrival ChainTiming::arrival(Moment moment) const {
  Arrival out = origins_[moment.origin];
  const Instant at = instant(moment.at);
  SOLITON_CHECK_MSG(at >= out.at, "the moment is {} ps before the arrival it waited for",
                    (out.at - at).count());
  out.path.compute += at - out.at;
  out.at = at;
  return out;
}

}  // namespace soliton
