// The contents of a workload's messages: bytes that follow from (seed, origin, number), so that a
// receiver can detect every flipped, lost, duplicated or displaced byte without having the
// original.
#pragma once

#include <cstdint>
#include <span>

#include "protocol/base/payload.h"
#include "protocol/base/types.h"

namespace soliton {

// The key of block `number` made by `origin`.
struct PatternKey {
  std::uint64_t seed = 1;
  NodeId origin{};
  std::uint32_t number = 0;
};

// The 8-byte word i of a block, in this machine's byte order, is key + i * an odd constant: words
// differ within a block, and different blocks differ in every word.
void append_pattern(PatternKey key, std::uint64_t bytes, Payload& out);
bool holds_pattern(PatternKey key, std::span<const std::byte> bytes);

}  // namespace soliton
