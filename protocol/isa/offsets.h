// What the offset registers hold when each chain runs, as far as the program alone says: s_wr and
// s_add in segments of a fixed number of rounds. What a message or the number of steps decides is
// unknown until the program runs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/isa/program.h"

namespace soliton {

// Least and most the register holds over all times a chain runs.
struct OffsetRange {
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool operator==(const OffsetRange&) const = default;
};

// Of both offset registers; nothing where the program does not say. A chain that never runs: 0.
using ChainOffsets = std::array<std::optional<OffsetRange>, 2>;

// One entry per chain; empty for a program without scalar chains, where all offsets are 0. Values
// beyond 2^40 either way count as unknown.
std::vector<ChainOffsets> offset_ranges(const Program& program);

// Native vectors [first, first + count) that an access of `count` vectors may reach, over all times
// it runs; nullopt if the program does not determine it. `first` may be negative.
struct Reach {
  std::int64_t first = 0;
  std::int64_t count = 0;
};
std::optional<Reach> reach(const std::vector<ChainOffsets>& offsets, std::size_t chain,
                           const Instruction& instruction, std::int64_t count);

}  // namespace soliton
