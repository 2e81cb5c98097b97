// Circular waits among paused ports: a port waits for room in the next switch, the packets there
// for a port that is paused itself, and so on in a circle. Nothing in it will ever move.
#pragma once

#include <cstddef>
#include <vector>

#include "protocol/base/quantity.h"

namespace soliton {

// Packets that came in over the cable of port `from` and wait at port `at` of its switch.
struct Waiting {
  std::size_t at = 0;
  std::size_t from = 0;
  Bytes size{};
};

// The circles among `stopped` ports, each in order of who waits for whom, from its lowest port on;
// one for every group of ports that wait for each other. `waiting`: what lies at these ports. A
// port that goes on once the packets elsewhere have left is in none: what then remains of it must
// be above `xon`.
std::vector<std::vector<std::size_t>> find_deadlocks(const std::vector<std::size_t>& stopped,
                                                     const std::vector<Waiting>& waiting,
                                                     Bytes xon);

}  // namespace soliton
