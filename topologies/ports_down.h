// Which directions of cables are down at one time, by port (port_of()); what they feed is out of the
// search for ways. Private to topologies/.
#pragma once

#include <cstddef>
#include <vector>

namespace soliton {

// Empty: none.
using PortsDown = std::vector<bool>;

inline bool is_down(const PortsDown& down, std::size_t port) { return !down.empty() && down[port]; }

// The port at the far end of the same cable.
constexpr std::size_t other_way(std::size_t port) { return port ^ 1; }

}  // namespace soliton
