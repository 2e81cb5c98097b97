// Circular waits among paused ports: a port waits for room in the next switch, the packets there
// for a port that is paused itself, and so on in a circle. No packet in such a circle will ever
// move.
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

// The circles among the `stopped` ports, one for each group of ports that wait for each other. Each
// lists its ports in the order of who waits for whom, starting with the lowest. `waiting` holds the
// packets at these ports. A port that resumes once packets elsewhere have left is in no circle: a
// port is in one only if the bytes that remain are above `xon`.
std::vector<std::vector<std::size_t>> find_deadlocks(const std::vector<std::size_t>& stopped,
                                                     const std::vector<Waiting>& waiting,
                                                     Bytes xon);

}  // namespace soliton
