// Which copy of a model a batch goes to, by what the sender knows: how many of its own requests are open at
// each. A state machine without clock.
//
// `least` breaks ties in favour of the copy that was chosen least recently: of copies that take equally long
// that is the one that is free first, so that they serve as if they had one queue. Two choices:
// Mitzenmacher, "The power of two choices in randomized load balancing", 2001.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "node/cpu/client_workload.h"
#include "protocol/base/rng.h"

namespace soliton {

class Balancer {
 public:
  // `first`: where the round begins. `seed`: of the dice.
  Balancer(Balance how, std::size_t copies, std::size_t first, std::uint64_t seed);

  // `open`: requests that are open at each copy.
  std::size_t choose(std::span<const std::uint32_t> open);

 private:
  // The one with less open; of equal ones that which was chosen less recently.
  std::size_t better(std::span<const std::uint32_t> open, std::size_t a, std::size_t b) const;
  std::size_t drawn(std::span<const std::uint32_t> open) const;

  Balance how_;
  Random dice_;
  std::vector<std::uint64_t> chosen_;  // when, as a number of choices; lower is longer ago
  std::uint64_t choices_ = 0;
  std::size_t next_;
};

}  // namespace soliton
