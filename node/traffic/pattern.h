// What messages of a workload hold: bytes that follow from (seed, origin, number), so that whoever
// receives them can tell every flipped, lost, doubled or displaced byte without having seen the
// original.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/payload.h"
#include "protocol/base/types.h"

namespace soliton {

// Names the block that `origin` makes as its `number`-th.
struct PatternKey {
  std::uint64_t seed = 1;
  NodeId origin{};
  std::uint32_t number = 0;
};

// 8-byte word i of a block, in this machine's order, is key + i * an odd constant: words differ
// within a block, and blocks differ from word to word.
void append_pattern(PatternKey key, std::uint64_t bytes, Payload& out);
bool holds_pattern(PatternKey key, std::span<const std::byte> bytes);

}  // namespace soliton
