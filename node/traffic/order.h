// An order of n things by chance, one place at a time, so that no node has to hold all of it.
#pragma once

#include <cstdint>

#include "protocol/base/rng.h"

namespace soliton {

// A Feistel network over the next even power of two, repeated until it is below n (Black, Rogaway,
// "Ciphers with arbitrary finite domains", CT-RSA 2002, section 4). at() and place_of() are each other's
// inverse.
class Order {
 public:
  Order(const Random& chance, std::uint32_t n) : chance_(chance), n_(n) {
    while (std::uint64_t{1} << 2 * half_ < n) ++half_;
  }
  std::uint32_t place_of(std::uint32_t thing) const {
    do thing = mix(thing, false);
    while (thing >= n_);
    return thing;
  }
  std::uint32_t at(std::uint32_t place) const {
    do place = mix(place, true);
    while (place >= n_);
    return place;
  }

 private:
  static constexpr std::uint32_t kRounds = 6;

  std::uint32_t mix(std::uint32_t x, bool back) const {
    const std::uint32_t mask = (1U << half_) - 1;
    std::uint32_t left = x >> half_, right = x & mask;
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      const std::uint32_t round = back ? kRounds - 1 - i : i;
      const std::uint32_t other = back ? left : right;
      const auto noise =
          static_cast<std::uint32_t>(chance_.bits(std::uint64_t{round} << 32 | other)) & mask;
      (back ? left : right) = (back ? right : left) ^ noise;
      (back ? right : left) = other;
    }
    return left << half_ | right;
  }

  Random chance_;
  std::uint32_t n_;
  std::uint32_t half_ = 1;  // bits of each half
};

}  // namespace soliton
