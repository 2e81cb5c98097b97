#include "node/npu/word_path.h"

#include <algorithm>

namespace soliton {
namespace {

std::int64_t up(std::int64_t count, std::int64_t unit) { return (count + unit - 1) / unit; }

}  // namespace

WordPath::WordPath(const Shard& shard, const CompiledProgram& program)
    : group_(shard.device.timing.word_rows),
      engines_(shard.device.timing.occupancy == Occupancy::kColumns ? shard.device.tile_engines
                                                                    : 1),
      kept_(program.by_words() ? program.layout().slots() : 0) {
  const NpuTimingParameters& timing = shard.device.timing;
  const std::int64_t cycle = shard.device.tile_engines;
  word_ = timing.word_cycles * cycle;
  beat_ = shard.beats_per_tile * (engines_ == 1 ? 1 : cycle);
  depth_ = timing.word_depth_cycles * cycle;
  load_ = timing.load_cycles * cycle;
}

void WordPath::begin(Moment start, Ticks passes) {
  loader_ = units_ = start;
  passes_ = passes;
  std::fill(kept_.begin(), kept_.end(), false);
}

Moment WordPath::load(Moment from, std::uint32_t vectors) {
  // Every engine gets as many words as the fullest.
  const std::int64_t words = up(vectors, engines_) * engines_;
  loader_ = after(later_of(from, loader_), times_ticks(word_, words));
  return after(loader_, load_);
}

void WordPath::keep_for_later(VectorRange registers) {
  if (passes_ > 1) std::fill_n(kept_.begin() + registers.first, registers.count, true);
}

std::uint32_t WordPath::take_kept(VectorRange registers) {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < registers.count; ++i) {
    count += kept_[registers.first + i] ? 1 : 0;
    kept_[registers.first + i] = false;
  }
  return count;
}

Moment WordPath::product(Moment start, const CompiledChain& chain) {
  const std::int64_t turns = up(chain.matrix->tile_columns, engines_);
  std::int64_t real = chain.rows;
  std::int64_t beats = 0;  // of the groups before
  Moment end = units_;
  for (std::int64_t left = std::max<std::int64_t>(real, group_); left > 0;) {
    const std::int64_t group = left >= 2 * group_ ? group_ : left;
    const std::int64_t rows = std::min(group, real);
    const std::int64_t before = beats + (turns - 1) * group;
    end = after(later_of(end, after(start, times_ticks(beat_, before + 1))),
                times_ticks(word_, rows));
    end = later_of(end, after(start, add_ticks(times_ticks(beat_, before + rows), word_)));
    // Rows that only fill the group up are thrown away behind the others.
    units_ = after(end, times_ticks(word_, group - rows));
    beats += turns * group;
    left -= group;
    real -= rows;
  }
  const Moment result = after(end, depth_);
  loader_ = later_of(loader_, result);
  return result;
}

Moment WordPath::vectors(Moment result, std::uint32_t rows) {
  loader_ = later_of(result, after(loader_, times_ticks(word_, rows)));
  return loader_;
}

}  // namespace soliton
