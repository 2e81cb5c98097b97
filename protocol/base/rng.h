// Randomness as a pure function of (seed, purpose, ordinal): no stream is shared, so adding a
// consumer does not change the numbers of others. The distributions of the standard library are not
// used because they differ between implementations.
//
// Algorithm: SplitMix64 finaliser (Steele, Lea, Flood, OOPSLA 2014, figure 3) over a hash of the
// three inputs.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/quantity.h"

namespace soliton {

std::uint64_t mix64(std::uint64_t x);
// FNV-1a: stable across machines, used to name purposes and to hash small records.
std::uint64_t hash_bytes(std::string_view text, std::uint64_t basis = 0xcbf29ce484222325ull);

class Random {
 public:
  Random(std::uint64_t seed, std::string_view purpose);

  std::uint64_t bits(std::uint64_t ordinal) const;
  // Uniform in [0, bound), without bias worth 2^-32. REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t ordinal, std::uint64_t bound) const;
  // Uniform in [0, 1), 53 bits.
  double unit(std::uint64_t ordinal) const;
  // Standard normal (Box-Muller; uses ordinals 0 and 1 of an inner stream).
  double normal(std::uint64_t ordinal) const;
  // Exponential with mean 1.
  double exponential(std::uint64_t ordinal) const;
  // True with probability p.
  bool happens(std::uint64_t ordinal, Probability p) const;
  // An independent stream derived from this one.
  Random child(std::uint64_t ordinal) const;

 private:
  explicit Random(std::uint64_t key) : key_(key) {}
  std::uint64_t key_;
};

}  // namespace soliton
