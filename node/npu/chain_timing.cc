#include "node/npu/chain_timing.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

ChainTiming::ChainTiming(const Shard& shard, const CompiledProgram& program)
    : clock_(shard.device.clock, shard.device.tile_engines),
      cycle_(clock_.cycles(1)),
      depth_(clock_.cycles(shard.device.timing.depth_cycles)),
      vector_(clock_.cycles(shard.device.timing.vector_cycles)),
      vector_lane_((clock_.cycles(shard.device.native_dim) + shard.device.lanes - 1) /
                   shard.device.lanes),
      request_(clock_.cycles(shard.device.timing.request_cycles)),
      vectors_(program.layout().size()),
      stream_(shard, clock_.cycles(shard.device.clock.hertz)) {}

void ChainTiming::begin(const Arrival& start, std::uint32_t lanes) {
  lanes_ = lanes;
  start_ = start;
  origins_.assign(1, start);
  issue_ = {request_, 0};
  mvu_free_ = issue_;
  stream_.begin(issue_);
  std::ranges::fill(vectors_, Vector{issue_, issue_});
  last_result_ = request_;
  waited_ = 0;
}

ChainTimes ChainTiming::issue(const CompiledChain& chain, const Arrival* message) {
  if (message != nullptr) await(*message);
  const Moment input = chain.from_netq ? issue_ : ready(chain.source, issue_);
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
  const Moment operands_read = chain.matrix != nullptr ? after(times.result, -cycle_) : times.start;
  if (!chain.from_netq) mark_read(chain.source, times.start);
  for (const MfuOperation& operation : chain.operations)
    mark_read(operation.operand, operands_read);
  times.result = after_hazards(chain, times.result);
  for (const WriteTarget& write : chain.writes) {
    for (std::uint32_t i = 0; i < write.vectors.count; ++i) {
      vectors_[write.vectors.first + i] = {times.result, times.result};
    }
  }
  last_result_ = std::max(last_result_, times.result.at);
  return times;
}

void ChainTiming::await(const Arrival& message) {
  if (message.at <= start_.at) return;
  const Ticks at = clock_.ticks(message.at - start_.at);
  if (at <= issue_.at) return;
  waited_ += std::max<Ticks>(0, at - std::max(last_result_, issue_.at));
  issue_ = {at, static_cast<std::uint32_t>(origins_.size())};
  origins_.push_back(message);
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

ChainTimes ChainTiming::product(const CompiledChain& chain, Moment input, const Moment* operands) {
  const Moment start = later_of(mvu_free_, input);
  mvu_free_ = after(start, slot(chain));
  if (chain.streamed_tiles > 0)
    mvu_free_ = later_of(mvu_free_,
                         stream_.multiply(start, chain.streamed_tiles, lanes_ * chain.tile_ticks));
  Moment result = after(mvu_free_, depth_);
  if (operands != nullptr) result = later_of(result, after(*operands, cycle_));
  return {start, result};
}

ChainTimes ChainTiming::vector_only(const CompiledChain& chain, Moment input,
                                    const Moment* operands) const {
  const Moment start = operands != nullptr ? later_of(input, *operands) : input;
  if (chain.operations.empty()) return {start, start};
  return {start, after(start, vector_ + (lanes_ - 1) * chain.rows * vector_lane_)};
}

Moment ChainTiming::after_hazards(const CompiledChain& chain, Moment result) const {
  for (const WriteTarget& write : chain.writes) {
    for (std::uint32_t i = 0; i < write.vectors.count; ++i) {
      result = later_of(result, vectors_[write.vectors.first + i].in_use);
    }
  }
  return result;
}

Arrival ChainTiming::arrival(Moment moment) const {
  Arrival out = origins_[moment.origin];
  const Instant at = instant(moment.at);
  SOLITON_CHECK_MSG(at >= out.at, "{} ps before the arrival it waited for", (out.at - at).count());
  out.path.compute += at - out.at;
  out.at = at;
  return out;
}

}  // namespace soliton
