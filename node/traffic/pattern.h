// The contents of a workload's messages: bytes that follow from (seed, origin, number), so that a
// receiver can detect every flipped, lost, duplicated or displaced byte without having the
// original. Sums of them follow from the same, so that a reduction is checked without its operands.
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

// A vector of 8-byte words, in this machine's byte order: word i is first + i * stride, modulo 2^64.
// Vectors add word by word, and the sum is such a vector again. A vector whose bytes end within a
// word has the low bytes of that word, which are those of the sum as well.
struct Pattern {
  std::uint64_t first = 0;
  std::uint64_t stride = 0;

  // Words differ within a block, and different blocks differ in every word.
  static Pattern of(PatternKey key);
  Pattern operator+(Pattern other) const { return {first + other.first, stride + other.stride}; }
  // The vector that begins at word `word` of this one.
  Pattern from(std::uint64_t word) const { return {first + word * stride, stride}; }

  void append_to(Payload& out, std::uint64_t bytes) const;
  // Adds the vector to the words at `bytes`.
  void add_to(std::span<std::byte> bytes) const;
  bool is_at(std::span<const std::byte> bytes) const;
};

// Adds the words of `more` to those at `to`. REQUIRES: equal sizes.
void add_words(std::span<const std::byte> more, std::span<std::byte> to);

inline void append_pattern(PatternKey key, std::uint64_t bytes, Payload& out) {
  Pattern::of(key).append_to(out, bytes);
}
inline bool holds_pattern(PatternKey key, std::span<const std::byte> bytes) {
  return Pattern::of(key).is_at(bytes);
}

}  // namespace soliton
