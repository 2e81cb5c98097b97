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
      stream_(shard, clock_.cycles(shard.device.clock.hertz)),
      by_words_(program.by_words()),
      words_(shard, program),
      has_host_(shard.device.host_rate.bits_per_second > 0),
      later_lanes_(has_host_ ? program.layout().slots() : 0),
      spread_(clock_.cycles(shard.device.timing.spread_cycles)) {}

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
  words_.begin(issue_, passes_);
  host_.begin(issue_, lanes);
  std::ranges::fill(vectors_, Vector{issue_, issue_});
  std::ranges::fill(later_lanes_, issue_);
  last_product_ = -1;
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
  write_back(chain, times);
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
  if (chain.from_netq) until(arrive(chain, input), Wait::kMessage);
  if (chain.dram_ticks > 0) {
    dram_read_free_ = after(later_of(input, dram_read_free_), chain.dram_ticks);
    until(dram_read_free_, Wait::kDram);
  }
  until(ready(chain.matrix_tiles, input), Wait::kMatrix);
  return input;
}

// The way of a message's vectors from the host, or through the loader. Without either they are there
// when the message is.
Moment ChainTiming::arrive(const CompiledChain& chain, Moment at) {
  lanes_there_ = at;
  if (by_words_ && chain.kind == ChainKind::kVector) {
    lanes_there_ = words_.load(at, chain.source.count);
  } else if (has_host_) {
    const HostPort::Arrived arrived = host_.in(at, chain.host_ticks);
    lanes_there_ = arrived.last;
    return arrived.first;
  }
  return lanes_there_;
}

void ChainTiming::write_back(const CompiledChain& chain, ChainTimes& times) {
  times.written = times.sent = times.result;
  const bool moved = chain.from_netq && chain.matrix == nullptr && chain.operations.empty();
  const Moment complete = moved && has_host_ ? later_of(times.result, lanes_there_) : times.result;
  for (const WriteTarget& write : chain.writes) {
    Moment at = times.result;
    if (write.dram_ticks > 0) {
      dram_write_free_ = after(later_of(times.result, dram_write_free_), write.dram_ticks);
      at = dram_write_free_;
    }
    if (write.to_netq && has_host_) at = times.sent = host_.out(complete, write.host_ticks);
    times.written = later_of(times.written, at);
    for (std::uint32_t i = 0; i < write.vectors.count; ++i)
      vectors_[write.vectors.first + i] = {at, at};
    if (by_words_ && moved) words_.keep_for_later(write.vectors);
    if (!has_host_) continue;
    std::fill_n(later_lanes_.begin() + write.vectors.first, write.vectors.count,
                later_of(at, complete));
  }
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
  if (by_words_) return product_by_words(chain, input, operands);
  const Ticks spread = spread_ > 0 ? spreading(input) : 0;
  const Moment start = later_of(mvu_free_, input);
  mvu_free_ = after(start, add_ticks(slot(chain), spread));
  last_product_ = start.at;
  // The last lane's vector may come only when the others are done.
  if (has_host_) mvu_free_ = later_of(mvu_free_, after(all_lanes(chain, input), chain.slot));
  if (chain.streamed_tiles > 0)
    mvu_free_ = later_of(mvu_free_, stream_.multiply(start, chain.streamed_tiles,
                                                     times_ticks(chain.tile_ticks, passes_)));
  Moment result = after(mvu_free_, chain.latency);
  if (operands != nullptr) result = later_of(result, after(*operands, cycle_));
  return {start, result, result, result};
}

// A pass after the other, each with the input that the loader brings for it.
ChainTimes ChainTiming::product_by_words(const CompiledChain& chain, Moment input,
                                         const Moment* operands) {
  const std::uint32_t loads = chain.from_netq ? chain.source.count : words_.take_kept(chain.source);
  ChainTimes times;
  for (Ticks pass = 0; pass < passes_; ++pass) {
    if (pass > 0 && loads > 0) input = words_.load(times.result, loads);
    const Moment start = later_of(mvu_free_, input);
    mvu_free_ = after(start, chain.slot);
    times.result = words_.product(start, chain);
    if (pass == 0) times.start = start;
  }
  if (operands != nullptr) times.result = later_of(times.result, after(*operands, cycle_));
  return times;
}

// Until all cores have a vector that was made since the product before began. Those of further passes
// never are where they are needed.
Ticks ChainTiming::spreading(Moment input) {
  const Ticks times = passes_ - (input.at > last_product_ ? 0 : 1);
  return times_ticks(spread_, times);
}

Moment ChainTiming::all_lanes(const CompiledChain& chain, Moment input) const {
  if (chain.from_netq) return lanes_there_;
  for (std::uint32_t i = 0; i < chain.source.count; ++i)
    input = later_of(input, later_lanes_[chain.source.first + i]);
  return input;
}

ChainTimes ChainTiming::vector_only(const CompiledChain& chain, Moment input,
                                    const Moment* operands) {
  const bool computes = !chain.operations.empty();
  if (has_host_ && computes) input = all_lanes(chain, input);
  if (by_words_ && computes) {
    const std::uint32_t loads = words_.take_kept(chain.source);
    for (Ticks pass = 1; pass < passes_ && loads > 0; ++pass) input = words_.load(input, loads);
  }
  const Moment start = operands != nullptr ? later_of(input, *operands) : input;
  Ticks latency = chain.latency;
  if (computes) latency = add_ticks(latency, times_ticks(chain.rows * vector_pass_, passes_ - 1));
  Moment result = after(start, latency);
  if (by_words_ && computes) result = words_.vectors(result, chain.rows);
  return {start, result, result, result};
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
