#include "protocol/isa/offsets.h"

#include <algorithm>

namespace soliton {

namespace {

constexpr std::int64_t kValueLimit = std::int64_t{1} << 40;
// Chains looked at: the limit bounds the time spent on a program that repeats segments many times.
constexpr std::int64_t kWalkLimit = 20'000'000;

using Value = std::optional<std::int64_t>;  // nullopt: unknown
using State = std::array<Value, 2>;

std::size_t offset_number(ScalarRegister target) {
  return target == ScalarRegister::kOffset1 ? 1 : 0;
}

Value bounded(__int128 value) {
  if (value < -kValueLimit || value > kValueLimit) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

void apply(const Instruction& instruction, State& state) {
  Value& value = state[offset_number(scalar_register(instruction))];
  if (instruction.opcode == Opcode::kSRd) value.reset();
  if (instruction.opcode == Opcode::kSWr) value = scalar_value(instruction);
  if (instruction.opcode == Opcode::kSAdd && value)
    value = bounded(static_cast<__int128>(*value) + scalar_step(instruction));
}

// Runs the loops with as few rounds as the extremes need: within a segment a register either steps
// by the same amount every round or is written anew.
class Walk {
 public:
  explicit Walk(const Program& program)
      : program_(program), seen_(program.chains.size()), out_(program.chains.size()) {}

  std::vector<ChainOffsets> run() {
    for (const Segment& segment : program_.segments) {
      if (walked_ > kWalkLimit) return std::vector<ChainOffsets>(out_.size());
      if (segment.last > program_.chains.size() || segment.first >= segment.last) continue;
      if (segment.per_step != 0)
        any_rounds(segment);
      else if (segment.fixed > 0)
        rounds(segment, segment.fixed);
    }
    for (std::size_t c = 0; c < out_.size(); ++c)
      if (!seen_[c]) out_[c] = {OffsetRange{}, OffsetRange{}};
    return std::move(out_);
  }

 private:
  void round(const Segment& segment) {
    walked_ += segment.last - segment.first;
    for (std::uint32_t c = segment.first; c < segment.last; ++c) {
      meet(c);
      if (chain_kind(program_.chains[c]) != ChainKind::kScalar) continue;
      for (const Instruction& instruction : program_.chains[c].instructions)
        apply(instruction, state_);
    }
  }

  void meet(std::uint32_t chain) {
    for (std::size_t i = 0; i < 2; ++i) {
      std::optional<OffsetRange>& range = out_[chain][i];
      if (!state_[i])
        range.reset();
      else if (!seen_[chain])
        range = OffsetRange{*state_[i], *state_[i]};
      else if (range)
        range = OffsetRange{std::min(range->least, *state_[i]), std::max(range->most, *state_[i])};
    }
    seen_[chain] = true;
  }

  void rounds(const Segment& segment, std::int64_t count) {
    const State before = state_;
    round(segment);
    if (count < 2 || state_ == before) return;
    const State after = state_;
    round(segment);  // what is written anew repeats from here on
    if (count == 2) return;
    for (std::size_t i = 0; i < 2; ++i) {
      if (!state_[i] || !after[i]) continue;
      const std::int64_t step = *state_[i] - *after[i];
      state_[i] = bounded(static_cast<__int128>(*after[i]) + __int128{step} * (count - 2));
    }
    round(segment);
  }

  // What changes in a round is unknown afterwards, and was so in all rounds but the first.
  void any_rounds(const Segment& segment) {
    const State before = state_;
    round(segment);
    if (state_ == before) return;
    for (std::size_t i = 0; i < 2; ++i)
      if (state_[i] != before[i]) state_[i].reset();
    const State entry = state_;
    round(segment);
    for (std::size_t i = 0; i < 2; ++i)
      if (state_[i] != entry[i]) state_[i].reset();
  }

  const Program& program_;
  std::vector<bool> seen_;
  std::vector<ChainOffsets> out_;
  State state_{0, 0};
  std::int64_t walked_ = 0;
};

}  // namespace

std::vector<ChainOffsets> offset_ranges(const Program& program) {
  const bool any = std::ranges::any_of(
      program.chains, [](const Chain& chain) { return chain_kind(chain) == ChainKind::kScalar; });
  return any ? Walk(program).run() : std::vector<ChainOffsets>{};
}

std::optional<Reach> reach(const std::vector<ChainOffsets>& offsets, std::size_t chain,
                           const Instruction& instruction, std::int64_t count) {
  if (instruction.indexing == Indexing::kDirect || offsets.empty())
    return Reach{instruction.index, count};
  const std::size_t number = instruction.indexing == Indexing::kOffset1 ? 1 : 0;
  const std::optional<OffsetRange>& range = offsets[chain][number];
  if (!range) return std::nullopt;
  return Reach{instruction.index + range->least, range->most - range->least + count};
}

}  // namespace soliton
